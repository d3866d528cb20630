//! The clock is the timeout of `epoll_wait`, and the button is a pipe: no timerfd, no eventfd.
//!
//! Why it is right: the loop sets the timeout anew before each wait, to the earliest deadline, rounded up: a
//! wait that is too short only comes back early, but would then be repeated with a timeout of zero again and
//! again. A pipe remembers its bytes as an eventfd remembers its counter, and a waker that finds it full has
//! nothing to add.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::read;

/// Handlers, and what each of them waits for. `as_fd` is its epoll instance.
pub struct Reactor {
    epoll: Epoll,
    next: u64,
    /// All that is registered, by the number in its token.
    registered: HashMap<u64, Registration>,
    /// Deadlines, the earliest on top, equal ones by number. Of those whose number is not registered any
    /// more, nothing is due: they are dropped when they come to the top.
    deadlines: BinaryHeap<Reverse<(Instant, u64)>>,
}

enum Registration {
    Watched(Rc<OwnedFd>, Handler),
    /// Its handler runs at the moment.
    Running(Rc<OwnedFd>),
    Timer(Box<dyn FnOnce(&mut Reactor)>),
}

type Handler = Box<dyn FnMut(&mut Reactor, Token, BorrowedFd<'_>)>;

/// Names one registration. No other registration of the reactor ever has the same token.
#[derive(Debug, Clone, Copy)]
pub struct Token(u64);

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
    pipe: Arc<PipeWriter>,
}

impl Reactor {
    /// A reactor with nothing registered.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            next: 0,
            registered: HashMap::new(),
            deadlines: BinaryHeap::new(),
        })
    }

    /// Calls `handler` when `fd` is readable (data, or end-of-file). Closes `fd` when it is removed.
    pub fn watch<H>(&mut self, fd: OwnedFd, trigger: Trigger, handler: H) -> io::Result<Token>
    where
        H: FnMut(&mut Reactor, Token, BorrowedFd<'_>) + 'static,
    {
        let mut flags = EpollFlags::EPOLLIN;
        flags.set(EpollFlags::EPOLLET, matches!(trigger, Trigger::Edge));
        self.epoll.add(&fd, EpollEvent::new(flags, self.next))?;
        Ok(self.register(Registration::Watched(Rc::new(fd), Box::new(handler))))
    }

    /// Calls `handler` once, when `deadline` has come: earlier deadlines first, equal ones in order
    /// of registration. A timer that a timer's handler adds waits for the next round of the loop.
    pub fn at<H>(&mut self, deadline: Instant, handler: H) -> io::Result<Token>
    where
        H: FnOnce(&mut Reactor) + 'static,
    {
        self.deadlines.push(Reverse((deadline, self.next)));
        Ok(self.register(Registration::Timer(Box::new(handler))))
    }

    /// Calls `handler` when the waker has been used; wakes that come before the call are one.
    pub fn waker<H>(&mut self, mut handler: H) -> io::Result<(Token, Waker)>
    where
        H: FnMut(&mut Reactor, Token) + 'static,
    {
        let (bytes, pipe) = io::pipe()?;
        let pipe = Arc::new(pipe);
        // End-of-file would be readable for ever: the registration itself has a write end, too.
        let keeps_it_open = Arc::clone(&pipe);
        // Neither end blocks: the reader reads until nothing is left, the writer never waits for room.
        fcntl(&bytes, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let token = self.watch(bytes.into(), Trigger::Level, move |reactor, token, bytes| {
            let mut block = [0; 4096];
            // A whole block may have more behind it. A waker writes one byte at a time: it does not outrun
            // this.
            while matches!(read(bytes, &mut block), Ok(count) if count == block.len()) {}
            handler(reactor, token);
            let _ = &keeps_it_open;
        })?;
        Ok((token, Waker { pipe }))
    }

    /// Takes a registration back, at any time: its handler is not called any more. False if it is
    /// already gone. A handler may remove itself, or another that is due in the same round.
    pub fn remove(&mut self, token: Token) -> bool {
        match self.registered.remove(&token.0) {
            Some(Registration::Watched(fd, _) | Registration::Running(fd)) => {
                // Its only error would be that epoll does not know it.
                let _ = self.epoll.delete(&fd);
                true
            }
            Some(Registration::Timer(_)) => {
                // Its deadline stays in the heap until it is at the top, or until most are of no use.
                if self.deadlines.len() > 2 * self.registered.len() + 16 {
                    let registered = &self.registered;
                    self.deadlines.retain(|Reverse((_, number))| registered.contains_key(number));
                }
                true
            }
            None => false,
        }
    }

    /// Waits and calls handlers, round by round, until nothing is registered.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 16];
        while !self.registered.is_empty() {
            let timeout = self.timeout();
            let count = match self.epoll.wait(&mut events, timeout) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            for event in &events[..count] {
                self.call(event.data());
            }
            self.call_timers();
        }
        Ok(())
    }

    fn register(&mut self, registration: Registration) -> Token {
        let number = self.next;
        self.next += 1;
        self.registered.insert(number, registration);
        Token(number)
    }

    /// The time to the earliest deadline, in whole milliseconds, not less than it is.
    fn timeout(&mut self) -> EpollTimeout {
        self.drop_removed();
        let Some(Reverse((deadline, _))) = self.deadlines.peek() else {
            return EpollTimeout::NONE;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        // Who waits for more than 24 days waits in several parts.
        i32::try_from(left.as_nanos().div_ceil(1_000_000))
            .ok()
            .and_then(|milliseconds| EpollTimeout::try_from(milliseconds).ok())
            .unwrap_or(EpollTimeout::MAX)
    }

    fn drop_removed(&mut self) {
        while let Some(Reverse((_, number))) = self.deadlines.peek() {
            if self.registered.contains_key(number) {
                return;
            }
            self.deadlines.pop();
        }
    }

    fn call(&mut self, number: u64) {
        let Some(registration) = self.registered.get_mut(&number) else { return };
        let fd = match registration {
            Registration::Watched(fd, _) => Rc::clone(fd),
            Registration::Running(_) | Registration::Timer(_) => return,
        };
        let running = Registration::Running(Rc::clone(&fd));
        let Registration::Watched(_, mut handler) = std::mem::replace(registration, running) else {
            unreachable!("it was there a moment ago")
        };
        handler(self, Token(number), fd.as_fd());
        if let Some(registration) = self.registered.get_mut(&number) {
            *registration = Registration::Watched(fd, handler);
        }
    }

    /// Calls those whose deadline has come, and which were set before this round.
    fn call_timers(&mut self) {
        let (now, newcomers) = (Instant::now(), self.next);
        let mut early = Vec::new();
        while let Some(&Reverse((deadline, number))) = self.deadlines.peek() {
            if deadline > now {
                break;
            }
            self.deadlines.pop();
            if number >= newcomers {
                early.push(Reverse((deadline, number)));
                continue;
            }
            if let Some(Registration::Timer(handler)) = self.registered.remove(&number) {
                handler(self);
            }
        }
        self.deadlines.extend(early);
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
        // EAGAIN: it is full of wakes. EPIPE: nobody is left to be woken (Rust's runtime ignores SIGPIPE).
        let _ = (&*self.pipe).write(&[1]);
    }
}
