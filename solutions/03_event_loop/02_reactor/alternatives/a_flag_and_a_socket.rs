//! Registrations are shared values with a flag that `remove` clears, and a waker is a socket of a pair.
//!
//! Why it is right: a round takes hold of all that is ready before the first call, and each call looks at
//! the flag of its own registration first. So nothing has to be looked up again, and nobody else can be
//! found instead. The timerfd is set by whoever changes the earliest deadline, and read when it has rung.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::unistd::read;

/// Handlers, and what each of them waits for. `as_fd` is its epoll instance.
pub struct Reactor {
    epoll: Epoll,
    clock: TimerFd,
    registered: u64,
    /// In order of registration, so sorted by token.
    sources: Vec<Rc<Source>>,
    /// The earliest last; of equal ones the first that was registered last.
    timers: Vec<Rc<Timer>>,
}

struct Source {
    token: Token,
    is_registered: Cell<bool>,
    fd: OwnedFd,
    /// Borrowed while it runs.
    handler: RefCell<Handler>,
}

struct Timer {
    token: Token,
    deadline: Instant,
    /// Taken when it is called or removed.
    handler: Cell<Option<TimerHandler>>,
}

type Handler = Box<dyn FnMut(&mut Reactor, Token, BorrowedFd<'_>)>;
type TimerHandler = Box<dyn FnOnce(&mut Reactor)>;

/// Names one registration. No other registration of the reactor ever has the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(u64);

/// The data of the timerfd in the epoll instance.
const CLOCK: u64 = 0;

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
pub struct Waker(Arc<UnixStream>);

impl Reactor {
    /// A reactor with nothing registered.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let clock = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        epoll.add(&clock, EpollEvent::new(EpollFlags::EPOLLIN, CLOCK))?;
        Ok(Self { epoll, clock, registered: CLOCK, sources: Vec::new(), timers: Vec::new() })
    }

    /// Calls `handler` when `fd` is readable (data, or end-of-file). Closes `fd` when it is removed.
    pub fn watch<H>(&mut self, fd: OwnedFd, trigger: Trigger, handler: H) -> io::Result<Token>
    where
        H: FnMut(&mut Reactor, Token, BorrowedFd<'_>) + 'static,
    {
        let token = self.new_token();
        let flags = match trigger {
            Trigger::Level => EpollFlags::EPOLLIN,
            Trigger::Edge => EpollFlags::EPOLLIN | EpollFlags::EPOLLET,
        };
        self.epoll.add(&fd, EpollEvent::new(flags, token.0))?;
        let handler = RefCell::new(Box::new(handler) as Handler);
        self.sources.push(Rc::new(Source { token, is_registered: Cell::new(true), fd, handler }));
        Ok(token)
    }

    /// Calls `handler` once, when `deadline` has come: earlier deadlines first, equal ones in order
    /// of registration. A timer that a timer's handler adds waits for the next round of the loop.
    pub fn at<H>(&mut self, deadline: Instant, handler: H) -> io::Result<Token>
    where
        H: FnOnce(&mut Reactor) + 'static,
    {
        let token = self.new_token();
        let handler = Cell::new(Some(Box::new(handler) as TimerHandler));
        // Before all that are not later than this one.
        let place = self.timers.partition_point(|timer| timer.deadline > deadline);
        self.timers.insert(place, Rc::new(Timer { token, deadline, handler }));
        if place == self.timers.len() - 1 {
            self.set_clock()?;
        }
        Ok(token)
    }

    /// Calls `handler` when the waker has been used; wakes that come before the call are one.
    pub fn waker<H>(&mut self, mut handler: H) -> io::Result<(Token, Waker)>
    where
        H: FnMut(&mut Reactor, Token) + 'static,
    {
        let (mut rings, ring) = UnixStream::pair()?;
        rings.set_nonblocking(true)?;
        ring.set_nonblocking(true)?;
        let ring = Arc::new(ring);
        // End-of-file would be readable for ever: the registration itself has this socket, too.
        let keeps_it_open = Arc::clone(&ring);
        let fd = rings.try_clone()?.into();
        let token = self.watch(fd, Trigger::Level, move |reactor, token, _| {
            // Until EAGAIN: all that has come is one wake.
            while matches!(rings.read(&mut [0; 4096]), Ok(1..)) {}
            handler(reactor, token);
            let _ = &keeps_it_open;
        })?;
        Ok((token, Waker(ring)))
    }

    /// Takes a registration back, at any time: its handler is not called any more. False if it is
    /// already gone. A handler may remove itself, or another that is due in the same round.
    pub fn remove(&mut self, token: Token) -> bool {
        if let Ok(place) = self.sources.binary_search_by_key(&token, |source| source.token) {
            let source = self.sources.remove(place);
            source.is_registered.set(false);
            let deleted = self.epoll.delete(&source.fd);
            debug_assert_eq!(deleted, Ok(()), "a registered source is in the epoll instance");
            return true;
        }
        let Some(place) = self.timers.iter().position(|timer| timer.token == token) else {
            return false;
        };
        self.timers.remove(place).handler.take();
        // The earliest is gone: the clock rings once for nobody, and is set then. That costs a round, no
        // more.
        true
    }

    /// Waits and calls handlers, round by round, until nothing is registered.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        while !self.sources.is_empty() || !self.timers.is_empty() {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(errno) => return Err(errno.into()),
            };
            let has_rung = events[..count].iter().any(|event| event.data() == CLOCK);
            let ready: Vec<_> =
                events[..count].iter().filter_map(|event| self.source(event.data())).collect();
            let due = if has_rung { self.due()? } else { Vec::new() };
            for source in ready {
                if source.is_registered.get()
                    && let Ok(mut handler) = source.handler.try_borrow_mut()
                {
                    handler(self, source.token, source.fd.as_fd());
                }
            }
            for timer in due {
                if let Some(handler) = timer.handler.take() {
                    self.timers.retain(|other| other.token != timer.token);
                    handler(self);
                }
            }
            if has_rung {
                self.set_clock()?;
            }
        }
        Ok(())
    }

    fn new_token(&mut self) -> Token {
        self.registered += 1;
        Token(self.registered)
    }

    fn source(&self, data: u64) -> Option<Rc<Source>> {
        let place = self.sources.binary_search_by_key(&data, |source| source.token.0).ok()?;
        Some(Rc::clone(&self.sources[place]))
    }

    /// The clock has rung: those whose deadline has come, the earliest first.
    fn due(&self) -> nix::Result<Vec<Rc<Timer>>> {
        // What is not read stays readable. EAGAIN: somebody has set it anew since it rang.
        match read(&self.clock, &mut [0; 8]) {
            Ok(_) | Err(Errno::EAGAIN) => {}
            Err(errno) => return Err(errno),
        }
        let now = Instant::now();
        let due = self.timers.iter().rev().take_while(|timer| timer.deadline <= now);
        Ok(due.cloned().collect())
    }

    /// Sets the clock to the earliest deadline.
    fn set_clock(&self) -> nix::Result<()> {
        let Some(earliest) = self.timers.last() else {
            return self.clock.unset();
        };
        let left = earliest.deadline.saturating_duration_since(Instant::now());
        let once = Expiration::OneShot(left.max(Duration::from_nanos(1)).into());
        self.clock.set(once, TimerSetTimeFlags::empty())
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
        // EAGAIN: nothing has been read for long. EPIPE: nobody will. (Writes of `std` to sockets raise no
        // SIGPIPE.)
        let _ = (&*self.0).write(&[1]);
    }
}
