//! An event loop of two threads: one runs the handlers, the other talks to the outside and posts.
//!
//! Why it works: there is one queue, and only `run` takes from it. Whatever happens elsewhere becomes a
//! message at its end: bytes that were read, a deadline that has come, work that is done, a handler that was
//! posted. So handlers run on one thread, one at a time, in the order in which they became due, and share
//! what they like without a lock. Handlers stay at home in two maps; only their numbers travel.
//!
//! Each thing that can still post counts one in `expected`, and the last message of each takes that back.
//! The queue keeps their order: when the count is zero, nothing is left in it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};

/// Names a handler that waits for its message.
type Id = u64;

/// A handler of data, called again and again.
type OnData = Box<dyn FnMut(&mut Loop, io::Result<Vec<u8>>)>;
/// A handler of anything else.
type Once = Box<dyn FnOnce(&mut Loop)>;

/// Handlers, and a queue of what has come for them.
pub struct Loop {
    inbox: Receiver<Message>,
    /// Cloned for all that post.
    outbox: Sender<Message>,
    /// How many things can still post: descriptors, deadlines, work, posters.
    expected: usize,
    last_id: Id,
    on_data: HashMap<Id, OnData>,
    once: HashMap<Id, Once>,
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
    /// A pipe: a byte in it wakes the thread, its end-of-file ends it.
    bell: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Read(Source),
    Ring(Instant, Id),
}

impl MessageThread {
    fn start(outbox: Sender<Message>) -> io::Result<Self> {
        let (bell, ringer) = io::pipe()?;
        let (orders, receiver) = mpsc::channel();
        let outside = Outside {
            bell,
            orders: receiver,
            outbox,
            sources: Vec::new(),
            deadlines: BinaryHeap::new(),
        };
        let thread = thread::Builder::new().spawn(move || outside.run())?;
        Ok(Self { orders, bell: Some(ringer), thread: Some(thread) })
    }

    /// First the order, then the bell: who has heard it finds the order.
    fn order(&mut self, order: Order) {
        // If the thread is gone, it could not wait, and has said so.
        let _ = self.orders.send(order);
        let _ = self.bell.as_ref().map(|mut bell| bell.write_all(&[0]));
    }
}

impl Drop for MessageThread {
    /// Runs when the loop is dropped, by the end of `run` or by a panic in it.
    fn drop(&mut self) {
        drop(self.bell.take());
        // It does not panic.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What the message thread has.
struct Outside {
    bell: PipeReader,
    orders: Receiver<Order>,
    outbox: Sender<Message>,
    sources: Vec<Source>,
    /// The earliest on top; numbers are given out in ascending order, so they settle a tie.
    deadlines: BinaryHeap<Reverse<(Instant, Id)>>,
}

/// A descriptor that is read.
struct Source {
    id: Id,
    file: File,
}

impl Outside {
    /// It sleeps in one place only, `ppoll`, and everything that it waits for is there.
    fn run(mut self) {
        loop {
            match self.wait() {
                Ok((bell, ready)) => {
                    self.read(&ready);
                    self.ring();
                    if bell && !self.take_orders() {
                        return;
                    }
                }
                // A signal handler has run. ppoll is never restarted (signal(7)), so we do it.
                Err(Errno::EINTR) => {}
                Err(errno) => return send(&self.outbox, Message::CannotWait(errno)),
            }
        }
    }

    /// Sleeps until something is ready: the bell, which of the sources, or a deadline.
    fn wait(&self) -> nix::Result<(bool, Vec<bool>)> {
        let left = |Reverse((deadline, _)): &Reverse<(Instant, Id)>| {
            deadline.saturating_duration_since(Instant::now()).into()
        };
        let files = self.sources.iter().map(|source| source.file.as_fd());
        let mut fds: Vec<_> = std::iter::once(self.bell.as_fd())
            .chain(files)
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        ppoll(&mut fds, self.deadlines.peek().map(left), None)?;
        // End-of-file and errors are events that nobody has to ask for (poll(2)); a read finds out.
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
        Ok((ready.next().unwrap_or(false), ready.collect()))
    }

    /// Reads once from each source that is ready: a second read might have to wait.
    fn read(&mut self, ready: &[bool]) {
        let sources = std::mem::take(&mut self.sources).into_iter().zip(ready);
        let outbox = &self.outbox;
        self.sources = sources
            .filter_map(|(source, ready)| if *ready { source.read(outbox) } else { Some(source) })
            .collect();
    }

    /// Posts the deadlines that have come.
    fn ring(&mut self) {
        let now = Instant::now();
        while self.deadlines.peek().is_some_and(|Reverse((deadline, _))| *deadline <= now) {
            if let Some(Reverse((_, id))) = self.deadlines.pop() {
                send(&self.outbox, Message::Due(id));
            }
        }
    }

    /// First the bell, then the orders: one that comes in between rings again. False at the end.
    fn take_orders(&mut self) -> bool {
        // What is left of it, or an interrupted read, is found by the next wait.
        if let Ok(0) = self.bell.read(&mut [0; 64]) {
            return false;
        }
        for order in self.orders.try_iter() {
            match order {
                Order::Read(source) => self.sources.push(source),
                Order::Ring(deadline, id) => self.deadlines.push(Reverse((deadline, id))),
            }
        }
        true
    }
}

impl Source {
    /// Reads what is there, at most a page, and posts it. It is back if more may come.
    fn read(mut self, outbox: &Sender<Message>) -> Option<Self> {
        let mut buffer = [0; 4096];
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
        // What is done with is closed by now.
        send(outbox, Message::Data(id, piece));
        more
    }
}
