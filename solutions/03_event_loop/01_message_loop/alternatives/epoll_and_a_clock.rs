//! Another way: the message thread waits on an epoll instance, with a timerfd for the earliest deadline and an eventfd
//! as its bell. The rest is as in the reference.
//!
//! Right because a descriptor is armed for one report (EPOLLONESHOT) and armed again after its read, so what that
//! leaves is reported again, and one that is closed while its open file lives on elsewhere is not. A file that epoll
//! refuses (EPERM: a regular file, a directory) is always readable: it is read without a wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Names a handler that waits for its message.
type Id = u64;

/// Handlers, and a queue of what has come for them.
pub struct Loop {
    inbox: Receiver<Message>,
    /// Cloned for all that post.
    outbox: Sender<Message>,
    /// How many things can still post: descriptors, deadlines, work, posters.
    expected: usize,
    last_id: Id,
    on_data: HashMap<Id, Box<dyn FnMut(&mut Loop, io::Result<Vec<u8>>)>>,
    once: HashMap<Id, Box<dyn FnOnce(&mut Loop)>>,
    message_thread: MessageThread,
}

enum Message {
    Posted(Box<dyn FnOnce(&mut Loop) + Send>),
    PosterGone,
    Data(Id, io::Result<Vec<u8>>),
    /// A deadline has come, or work is done.
    Due(Id),
    CannotWait(Errno),
}

/// Posts to the queue from any thread. As long as it or a clone of it exists, `run` does not return.
#[derive(Clone)]
pub struct Poster {
    link: Arc<Link>,
}

/// What all clones of a poster share.
struct Link {
    outbox: Sender<Message>,
}

impl Drop for Link {
    /// The last clone is gone. The queue has this message behind all that they have posted.
    fn drop(&mut self) {
        send(&self.outbox, Message::PosterGone);
    }
}

impl Loop {
    /// A loop that nothing can come to.
    pub fn new() -> io::Result<Self> {
        let (outbox, inbox) = mpsc::channel();
        Ok(Self {
            message_thread: MessageThread::start(outbox.clone())?,
            inbox,
            outbox,
            expected: 0,
            last_id: 0,
            on_data: HashMap::new(),
            once: HashMap::new(),
        })
    }

    /// A new poster.
    pub fn poster(&mut self) -> Poster {
        self.expected += 1;
        Poster { link: Arc::new(Link { outbox: self.outbox.clone() }) }
    }

    /// Calls handlers one at a time, on this thread, until nothing can come any more. A panic of a
    /// handler, or of `work`, goes on to the caller. An error is that of a message thread that cannot wait.
    pub fn run(mut self) -> io::Result<()> {
        while self.expected > 0 {
            let message = self.inbox.recv().expect("`outbox` keeps the queue open");
            self.deliver(message)?;
        }
        Ok(())
    }

    /// Calls `handler` with the bytes of `fd` in order, in pieces as they come: none is empty but the
    /// last one: end-of-file. An error but EAGAIN is a last call, too. `fd` is closed before the last call.
    pub fn on_data<H>(&mut self, fd: OwnedFd, handler: H)
    where
        H: FnMut(&mut Loop, io::Result<Vec<u8>>) + 'static,
    {
        let id = self.expect_one();
        self.on_data.insert(id, Box::new(handler));
        self.message_thread.order(Order::Read(Source { id, file: fd.into() }));
    }

    /// Calls `handler` once, not before `deadline`: earlier deadlines first, equal ones in the order of
    /// these calls. One that has passed goes behind what is posted before it, in any order with the others.
    pub fn at<H>(&mut self, deadline: Instant, handler: H)
    where
        H: FnOnce(&mut Loop) + 'static,
    {
        let id = self.expect_one();
        self.once.insert(id, Box::new(handler));
        self.message_thread.order(Order::Ring(deadline, id));
    }

    /// Runs `work` on a thread of its own, then `handler` with its result; neither on an error (no thread).
    pub fn spawn_blocking<T, W, H>(&mut self, work: W, handler: H) -> io::Result<()>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
        H: FnOnce(&mut Loop, T) + 'static,
    {
        /// Says that the work is done, however it ends.
        struct Done(Sender<Message>, Id);
        impl Drop for Done {
            fn drop(&mut self) {
                send(&self.0, Message::Due(self.1));
            }
        }

        let done = Done(self.outbox.clone(), self.last_id + 1);
        let thread = thread::Builder::new().spawn(move || {
            let _done = done;
            work()
        })?;
        let id = self.expect_one();
        let finish = move |event_loop: &mut Loop| match thread.join() {
            Ok(result) => handler(event_loop, result),
            Err(panic) => resume_unwind(panic),
        };
        self.once.insert(id, Box::new(finish));
        Ok(())
    }

    /// A number that no handler had before, for one that will hear of its message.
    fn expect_one(&mut self) -> Id {
        self.expected += 1;
        self.last_id += 1;
        self.last_id
    }

    /// Calls the handler of a message. What it counted is taken back first: the handler may add to it.
    fn deliver(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::Posted(handler) => handler(self),
            Message::PosterGone => self.expected -= 1,
            Message::Due(id) => {
                self.expected -= 1;
                let handler = self.once.remove(&id).expect("each handler has one message");
                handler(self);
            }
            Message::Data(id, piece) => {
                let is_last = is_last(&piece);
                // Out of the map for the time of the call: it runs with the whole loop in its hands.
                let mut handler = self.on_data.remove(&id).expect("nothing comes after the last");
                self.expected -= usize::from(is_last);
                handler(self, piece);
                if !is_last {
                    self.on_data.insert(id, handler);
                }
            }
            Message::CannotWait(errno) => return Err(errno.into()),
        }
        Ok(())
    }
}

impl Poster {
    /// Calls `handler` once, on the thread of `run`. Never waits for one. If the loop is gone, drops it.
    pub fn post<H: FnOnce(&mut Loop) + Send + 'static>(&self, handler: H) {
        send(&self.link.outbox, Message::Posted(Box::new(handler)));
    }
}

/// Puts a message at the end of the queue. It fails only when the loop is gone: then nobody waits for it.
fn send(outbox: &Sender<Message>, message: Message) {
    let _ = outbox.send(message);
}

fn is_last(piece: &io::Result<Vec<u8>>) -> bool {
    piece.as_ref().map_or(true, Vec::is_empty)
}

/// The message thread, as the loop sees it.
struct MessageThread {
    orders: Sender<Order>,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

struct Bell {
    eventfd: EventFd,
    is_over: AtomicBool,
}

enum Order {
    Read(Source),
    Ring(Instant, Id),
}

const BELL: u64 = 0;
const CLOCK: u64 = u64::MAX;

impl MessageThread {
    fn start(outbox: Sender<Message>) -> io::Result<Self> {
        let eventfd = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let bell = Arc::new(Bell { eventfd, is_over: AtomicBool::new(false) });
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let clock = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        epoll.add(&bell.eventfd, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        epoll.add(&clock, EpollEvent::new(EpollFlags::EPOLLIN, CLOCK))?;
        let (orders, receiver) = mpsc::channel();
        let outside = Outside {
            bell: Arc::clone(&bell),
            epoll,
            clock,
            orders: receiver,
            outbox,
            sources: HashMap::new(),
            always_ready: Vec::new(),
            deadlines: BinaryHeap::new(),
        };
        let thread = thread::Builder::new().spawn(move || outside.run())?;
        Ok(Self { orders, bell, thread: Some(thread) })
    }

    fn order(&mut self, order: Order) {
        let _ = self.orders.send(order);
        let _ = self.bell.eventfd.write(1);
    }
}

impl Drop for MessageThread {
    fn drop(&mut self) {
        self.bell.is_over.store(true, Ordering::SeqCst);
        let _ = self.bell.eventfd.write(1);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What the message thread has.
struct Outside {
    bell: Arc<Bell>,
    epoll: Epoll,
    clock: TimerFd,
    orders: Receiver<Order>,
    outbox: Sender<Message>,
    sources: HashMap<Id, Source>,
    always_ready: Vec<Source>,
    deadlines: BinaryHeap<Reverse<(Instant, Id)>>,
}

/// A descriptor that is read.
struct Source {
    id: Id,
    file: File,
}

impl Outside {
    fn run(mut self) {
        if let Err(errno) = self.serve() {
            send(&self.outbox, Message::CannotWait(errno));
        }
    }

    fn serve(&mut self) -> nix::Result<()> {
        let mut events = [EpollEvent::empty(); 32];
        while !self.bell.is_over.load(Ordering::SeqCst) {
            self.set_clock()?;
            let timeout =
                if self.always_ready.is_empty() { EpollTimeout::NONE } else { EpollTimeout::ZERO };
            let ready = match self.epoll.wait(&mut events, timeout) {
                Ok(count) => &events[..count],
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno),
            };
            for event in ready {
                if let Some(source) = self.sources.remove(&event.data()) {
                    if let Some(source) = source.read(&self.outbox) {
                        self.epoll.modify(&source.file, &mut source.armed())?;
                        self.sources.insert(source.id, source);
                    }
                }
            }
            let always_ready = std::mem::take(&mut self.always_ready);
            let outbox = &self.outbox;
            self.always_ready =
                always_ready.into_iter().filter_map(|source| source.read(outbox)).collect();
            let now = Instant::now();
            while self.deadlines.peek().is_some_and(|Reverse((deadline, _))| *deadline <= now) {
                if let Some(Reverse((_, id))) = self.deadlines.pop() {
                    send(&self.outbox, Message::Due(id));
                }
            }
            let _ = self.bell.eventfd.read();
            while let Ok(order) = self.orders.try_recv() {
                self.take(order)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, order: Order) -> nix::Result<()> {
        match order {
            Order::Read(source) => {
                match self.epoll.add(&source.file, source.armed())
                {
                    Ok(()) => drop(self.sources.insert(source.id, source)),
                    Err(Errno::EPERM) => self.always_ready.push(source),
                    Err(errno) => return Err(errno),
                }
            }
            Order::Ring(deadline, id) => self.deadlines.push(Reverse((deadline, id))),
        }
        Ok(())
    }

    fn set_clock(&self) -> nix::Result<()> {
        let Some(Reverse((deadline, _))) = self.deadlines.peek() else {
            return self.clock.unset();
        };
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        self.clock.set(Expiration::OneShot(left.into()), TimerSetTimeFlags::empty())
    }
}

impl Source {
    /// One report, until it is armed again.
    fn armed(&self) -> EpollEvent {
        EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT, self.id)
    }

    /// Reads what is there and posts it. It is back if more may come.
    fn read(mut self, outbox: &Sender<Message>) -> Option<Self> {
        let mut buffer = [0; 16_384];
        let piece = match self.file.read(&mut buffer) {
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error)
                if [ErrorKind::Interrupted, ErrorKind::WouldBlock].contains(&error.kind()) =>
            {
                return Some(self);
            }
            Err(error) => Err(error),
        };
        let (id, is_last) = (self.id, is_last(&piece));
        let more = (!is_last).then_some(self);
        send(outbox, Message::Data(id, piece));
        more
    }
}
