//! A reactor: one thread that waits for many things at once, on epoll, timerfd and eventfd.
//!
//! Why it works: the thread sleeps in one place only, `epoll_wait`, and everything that it waits for is
//! a descriptor there: pipes and sockets, one timerfd for the earliest of all deadlines, an eventfd for
//! each waker. What comes back is not a handler but a token, and a token is looked up at the moment of
//! the call. So a handler that another one has removed a moment ago is not found, and what has taken
//! its descriptor number meanwhile has another token.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::unistd::{read, write};

type Handler = Box<dyn FnMut(&mut Reactor, Token, BorrowedFd<'_>)>;
type TimerHandler = Box<dyn FnOnce(&mut Reactor)>;

/// Handlers, and what each of them waits for. `as_fd` is its epoll instance.
pub struct Reactor {
    epoll: Epoll,
    /// Rings at the earliest deadline.
    clock: TimerFd,
    last_token: Token,
    sources: HashMap<Token, Source>,
    /// Sorted by deadline. Tokens are given out in ascending order, so they settle a tie.
    timers: BTreeMap<(Instant, Token), TimerHandler>,
}

/// A descriptor that is watched.
struct Source {
    /// Shared with the call of its handler: who removes itself can still use it until it returns.
    fd: Rc<OwnedFd>,
    /// Not here while it runs, because it runs with the whole reactor in its hands.
    handler: Option<Handler>,
}

/// Names one registration. No other registration of the reactor ever has the same token.
///
/// A number that is counted up and never used again, unlike a descriptor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u64);

/// The token of the timerfd. No registration has it.
const CLOCK: Token = Token(0);

/// When the kernel reports a descriptor: [`epoll(7)`](https://man7.org/linux/man-pages/man7/epoll.7.html).
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    /// As long as it is readable.
    Level,
    /// When something has come, once.
    Edge,
}

/// Wakes the loop from any thread.
#[derive(Debug, Clone)]
pub struct Waker {
    eventfd: Arc<OwnedFd>,
}

impl Reactor {
    /// A reactor with nothing registered.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        // `Instant` is CLOCK_MONOTONIC too: nobody sets it back.
        let clock = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        epoll.add(&clock, EpollEvent::new(EpollFlags::EPOLLIN, CLOCK.0))?;
        Ok(Self {
            epoll,
            clock,
            last_token: CLOCK,
            sources: HashMap::new(),
            timers: BTreeMap::new(),
        })
    }

    /// Calls `handler` when `fd` is readable (data, or end-of-file). Closes `fd` when it is removed.
    pub fn watch<H>(&mut self, fd: OwnedFd, trigger: Trigger, handler: H) -> io::Result<Token>
    where
        H: FnMut(&mut Reactor, Token, BorrowedFd<'_>) + 'static,
    {
        let token = self.next_token();
        // EPOLLHUP, the last writer's going, is reported unasked (epoll_ctl(2)).
        let flags = match trigger {
            Trigger::Level => EpollFlags::EPOLLIN,
            Trigger::Edge => EpollFlags::EPOLLIN | EpollFlags::EPOLLET,
        };
        // The kernel may refuse (EPERM for a regular file): then nothing is kept here either.
        self.epoll.add(&fd, EpollEvent::new(flags, token.0))?;
        let source = Source { fd: Rc::new(fd), handler: Some(Box::new(handler)) };
        self.sources.insert(token, source);
        Ok(token)
    }

    /// Calls `handler` once, when `deadline` has come: earlier deadlines first, equal ones in order
    /// of registration. A timer that a timer's handler adds waits for the next round of the loop.
    pub fn at<H>(&mut self, deadline: Instant, handler: H) -> io::Result<Token>
    where
        H: FnOnce(&mut Reactor) + 'static,
    {
        let token = self.next_token();
        self.timers.insert((deadline, token), Box::new(handler));
        Ok(token)
    }

    /// Calls `handler` when the waker has been used; wakes that come before the call are one.
    pub fn waker<H>(&mut self, mut handler: H) -> io::Result<(Token, Waker)>
    where
        H: FnMut(&mut Reactor, Token) + 'static,
    {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let eventfd = OwnedFd::from(EventFd::from_flags(flags)?);
        let waker = Waker { eventfd: Arc::new(eventfd.try_clone()?) };
        let token = self.watch(eventfd, Trigger::Level, move |reactor, token, eventfd| {
            // The read sets the counter to zero (eventfd(2)). First this, then the handler: a wake
            // that comes while it runs raises the counter again and is not lost.
            let _ = read(eventfd, &mut [0; 8]);
            handler(reactor, token);
        })?;
        Ok((token, waker))
    }

    /// Takes a registration back, at any time: its handler is not called any more. False if it is
    /// already gone. A handler may remove itself, or another that is due in the same round.
    pub fn remove(&mut self, token: Token) -> bool {
        if let Some(source) = self.sources.remove(&token) {
            // A close would not do: epoll watches the open file description, and that lives on if it
            // has another descriptor somewhere, as a waker's eventfd has (epoll(7), "Will closing a file
            // descriptor cause it to be removed from all epoll interest lists?").
            let deleted = self.epoll.delete(&source.fd);
            debug_assert_eq!(deleted, Ok(()), "what is in `sources` is in the epoll instance");
            return true;
        }
        // Few timers are removed, many are sorted: so they are keyed by deadline and searched here.
        let timer = self.timers.keys().find(|(_, timer)| *timer == token);
        timer.copied().is_some_and(|key| self.timers.remove(&key).is_some())
    }

    /// Waits and calls handlers, round by round, until nothing is registered.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        while !(self.sources.is_empty() && self.timers.is_empty()) {
            self.set_clock()?;
            let ready = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => &events[..count],
                // A signal handler has run. epoll_wait is never restarted (signal(7)), so we do it.
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            for event in ready {
                self.call_source(Token(event.data()));
            }
            self.call_due_timers();
        }
        Ok(())
    }

    fn next_token(&mut self) -> Token {
        // 2^64 registrations are more than any program makes.
        self.last_token.0 += 1;
        self.last_token
    }

    /// Sets the timerfd to the earliest deadline. That also takes back an expiration that was not
    /// read, so the timerfd is never readable for a deadline of the past (timerfd_create(2)).
    fn set_clock(&self) -> nix::Result<()> {
        let Some((deadline, _)) = self.timers.keys().next() else {
            return self.clock.unset();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        // Zero would disarm the timer instead of ringing at once (timerfd_settime(2)).
        let left = left.max(Duration::from_nanos(1));
        let once = Expiration::OneShot(left.into());
        self.clock.set(once, TimerSetTimeFlags::empty())
    }

    /// Calls the handler of one descriptor, if it is still registered.
    fn call_source(&mut self, token: Token) {
        // Not found: the timerfd, or what a handler removed after the kernel had reported it.
        let Some(source) = self.sources.get_mut(&token) else {
            return;
        };
        let fd = Rc::clone(&source.fd);
        let Some(mut handler) = source.handler.take() else {
            return;
        };
        handler(self, token, fd.as_fd());
        // It goes back to its place, if it has not removed itself.
        if let Some(source) = self.sources.get_mut(&token) {
            source.handler = Some(handler);
        }
    }

    /// Calls the handlers whose deadline has come.
    fn call_due_timers(&mut self) {
        let now = Instant::now();
        // Listed before the first call: a handler that sets a timer for now, again and again, does not
        // keep the loop from its descriptors. Looked up at the call: it may have been removed.
        let due: Vec<_> = self.timers.keys().copied().take_while(|(at, _)| *at <= now).collect();
        for key in due {
            if let Some(handler) = self.timers.remove(&key) {
                handler(self);
            }
        }
    }
}

impl AsFd for Reactor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

impl Waker {
    /// Wakes the loop; harmless when the registration is gone. Never waits.
    pub fn wake(&self) {
        // It fails only with EAGAIN, when the counter is full (eventfd(2)): then the loop has been
        // told more than often enough.
        let _ = write(&self.eventfd, &1_u64.to_ne_bytes());
    }
}
