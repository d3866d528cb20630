//! All wakers share one eventfd and a set of names, and registrations lie in places of a table that are used
//! again.
//!
//! Why it is right: a token is a place and how often it had been used before, so the next owner of a place
//! has another token, and a place that has been used 2^32 times is left empty. A waker puts its token into
//! the set before it rings, and the loop takes the whole set after it has read the eventfd: no wake can fall
//! between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Handlers, and what each of them waits for. `as_fd` is its epoll instance.
pub struct Reactor {
    epoll: Epoll,
    timerfd: TimerFd,
    button: Arc<Button>,
    places: Vec<Place>,
    free: Vec<u32>,
    /// How many places are taken.
    taken: usize,
    /// By deadline, then by order of registration.
    timers: BTreeMap<(Instant, u64), Token>,
    timers_set: u64,
}

#[derive(Default)]
struct Place {
    /// How many registrations were here before.
    earlier: u32,
    registration: Option<Registration>,
}

enum Registration {
    Watched(Rc<OwnedFd>, Handler),
    Waker(WakerHandler),
    Timer((Instant, u64), TimerHandler),
    /// The handler is being called, and is not here meanwhile. The descriptor, if it has one, still is.
    Running(Option<Rc<OwnedFd>>),
}

type Handler = Box<dyn FnMut(&mut Reactor, Token, BorrowedFd<'_>)>;
type WakerHandler = Box<dyn FnMut(&mut Reactor, Token)>;
type TimerHandler = Box<dyn FnOnce(&mut Reactor)>;

/// Names one registration. No other registration of the reactor ever has the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    place: u32,
    earlier: u32,
}

impl Token {
    fn to_data(self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.earlier)
    }

    fn from_data(data: u64) -> Self {
        Self { place: (data >> 32) as u32, earlier: data as u32 }
    }
}

/// What epoll gives back for the timerfd and for the button. No table has such a place.
const TIMERFD: u64 = u64::MAX;
const BUTTON: u64 = u64::MAX - 1;

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
    token: Token,
    button: Arc<Button>,
}

#[derive(Debug)]
struct Button {
    eventfd: EventFd,
    /// Who has rung and was not yet called.
    rang: Mutex<BTreeSet<Token>>,
}

impl Reactor {
    /// A reactor with nothing registered.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timerfd = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let eventfd = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        epoll.add(&timerfd, EpollEvent::new(EpollFlags::EPOLLIN, TIMERFD))?;
        epoll.add(&eventfd, EpollEvent::new(EpollFlags::EPOLLIN, BUTTON))?;
        Ok(Self {
            epoll,
            timerfd,
            button: Arc::new(Button { eventfd, rang: Mutex::default() }),
            places: Vec::new(),
            free: Vec::new(),
            taken: 0,
            timers: BTreeMap::new(),
            timers_set: 0,
        })
    }

    /// Calls `handler` when `fd` is readable (data, or end-of-file). Closes `fd` when it is removed.
    pub fn watch<H>(&mut self, fd: OwnedFd, trigger: Trigger, handler: H) -> io::Result<Token>
    where
        H: FnMut(&mut Reactor, Token, BorrowedFd<'_>) + 'static,
    {
        let flags = match trigger {
            Trigger::Level => EpollFlags::EPOLLIN,
            Trigger::Edge => EpollFlags::EPOLLIN | EpollFlags::EPOLLET,
        };
        let fd = Rc::new(fd);
        let token = self.register(Registration::Watched(Rc::clone(&fd), Box::new(handler)));
        if let Err(errno) = self.epoll.add(&fd, EpollEvent::new(flags, token.to_data())) {
            self.take_out(token);
            return Err(errno.into());
        }
        Ok(token)
    }

    /// Calls `handler` once, when `deadline` has come: earlier deadlines first, equal ones in order
    /// of registration. A timer that a timer's handler adds waits for the next round of the loop.
    pub fn at<H>(&mut self, deadline: Instant, handler: H) -> io::Result<Token>
    where
        H: FnOnce(&mut Reactor) + 'static,
    {
        let key = (deadline, self.timers_set);
        self.timers_set += 1;
        let token = self.register(Registration::Timer(key, Box::new(handler)));
        self.timers.insert(key, token);
        Ok(token)
    }

    /// Calls `handler` when the waker has been used; wakes that come before the call are one.
    pub fn waker<H>(&mut self, handler: H) -> io::Result<(Token, Waker)>
    where
        H: FnMut(&mut Reactor, Token) + 'static,
    {
        let token = self.register(Registration::Waker(Box::new(handler)));
        Ok((token, Waker { token, button: Arc::clone(&self.button) }))
    }

    /// Takes a registration back, at any time: its handler is not called any more. False if it is
    /// already gone. A handler may remove itself, or another that is due in the same round.
    pub fn remove(&mut self, token: Token) -> bool {
        match self.take_out(token) {
            Some(Registration::Watched(fd, _) | Registration::Running(Some(fd))) => {
                let deleted = self.epoll.delete(&fd);
                debug_assert_eq!(deleted, Ok(()), "what is watched is in the epoll instance");
                true
            }
            Some(Registration::Timer(key, _)) => self.timers.remove(&key).is_some(),
            Some(Registration::Waker(_) | Registration::Running(None)) => true,
            None => false,
        }
    }

    /// Waits and calls handlers, round by round, until nothing is registered.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 128];
        while self.taken > 0 {
            self.set_timerfd()?;
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                count => count?,
            };
            for event in &events[..count] {
                match event.data() {
                    TIMERFD => {}
                    BUTTON => self.call_who_rang(),
                    data => self.call(Token::from_data(data)),
                }
            }
            self.call_due();
        }
        Ok(())
    }

    fn register(&mut self, registration: Registration) -> Token {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).expect("memory ends before the places do")
        });
        let Place { earlier, registration: here } = &mut self.places[place as usize];
        *here = Some(registration);
        self.taken += 1;
        Token { place, earlier: *earlier }
    }

    /// What is registered by this token; `None` if it is gone.
    fn find(&mut self, token: Token) -> Option<&mut Registration> {
        let place = self.places.get_mut(token.place as usize)?;
        place.registration.as_mut().filter(|_| place.earlier == token.earlier)
    }

    fn take_out(&mut self, token: Token) -> Option<Registration> {
        self.find(token)?;
        let place = &mut self.places[token.place as usize];
        self.taken -= 1;
        if let Some(earlier) = place.earlier.checked_add(1) {
            place.earlier = earlier;
            self.free.push(token.place);
        }
        place.registration.take()
    }

    fn set_timerfd(&self) -> nix::Result<()> {
        let Some(((deadline, _), _)) = self.timers.first_key_value() else {
            return self.timerfd.unset();
        };
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        self.timerfd.set(Expiration::OneShot(left.into()), TimerSetTimeFlags::empty())
    }

    fn call(&mut self, token: Token) {
        let Some(here) = self.find(token) else { return };
        let running = match here {
            Registration::Watched(fd, _) => Registration::Running(Some(Rc::clone(fd))),
            Registration::Waker(_) => Registration::Running(None),
            Registration::Timer(..) | Registration::Running(_) => return,
        };
        let mut called = mem::replace(here, running);
        match &mut called {
            Registration::Watched(fd, handler) => handler(self, token, fd.as_fd()),
            Registration::Waker(handler) => handler(self, token),
            Registration::Timer(..) | Registration::Running(_) => {}
        }
        if let Some(here) = self.find(token) {
            *here = called;
        }
    }

    /// A token that is gone is not found; the wakers of a registration may outlive it.
    fn call_who_rang(&mut self) {
        // First the counter, then the set: who rings in between rings again.
        let _ = self.button.eventfd.read();
        for token in self.button.take() {
            self.call(token);
        }
    }

    fn call_due(&mut self) {
        let now = Instant::now();
        let due: Vec<_> = self.timers.range(..=(now, u64::MAX)).map(|(_, token)| *token).collect();
        for token in due {
            if let Some(Registration::Timer(key, handler)) = self.take_out(token) {
                self.timers.remove(&key);
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

impl Button {
    fn take(&self) -> BTreeSet<Token> {
        mem::take(&mut *self.rang.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Waker {
    /// Wakes the loop; harmless when the registration is gone. Never waits.
    pub fn wake(&self) {
        let mut rang = self.button.rang.lock().unwrap_or_else(PoisonError::into_inner);
        rang.insert(self.token);
        drop(rang);
        // EAGAIN: the counter is full, so the loop will look anyway.
        let _ = self.button.eventfd.write(1);
    }
}
