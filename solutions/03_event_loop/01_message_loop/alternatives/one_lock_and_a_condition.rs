//! Another way: the queue is a `VecDeque` under a mutex with a condition variable, and what can still come is counted
//! under the same lock. The message thread shares a table of descriptors and deadlines with the loop, and an eventfd
//! wakes it.
//!
//! Right because the count and the queue change together: whoever sees a count of zero and an empty queue has seen
//! all. No lock is held while a handler runs or is dropped, and the end empties the queue, which breaks the cycle of
//! a handler in it that has a poster.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::unistd::read;

type Posted = Box<dyn FnOnce(&mut Loop) + Send>;

enum Event {
    Posted(Posted),
    Data(u64, io::Result<Vec<u8>>),
    Timeout(u64),
    Done(u64, thread::Result<Box<dyn Any + Send>>),
    Broken(io::Error),
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    to_come: usize,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn push(&self, event: Event) {
        let mut queue = self.lock();
        let refused = if queue.is_closed {
            Some(event)
        } else {
            queue.events.push_back(event);
            self.changed.notify_one();
            None
        };
        drop(queue);
        drop(refused);
    }

    fn one_more(&self) {
        self.lock().to_come += 1;
    }

    fn one_less(&self) {
        self.lock().to_come -= 1;
        self.changed.notify_one();
    }
}

type OnData = Box<dyn FnMut(&mut Loop, io::Result<Vec<u8>>)>;
type OnResult = Box<dyn FnOnce(&mut Loop, Box<dyn Any + Send>)>;

/// Handlers, and a queue of what has come for them.
pub struct Loop {
    shared: Arc<Shared>,
    outside: Arc<Outside>,
    thread: Option<JoinHandle<()>>,
    next: u64,
    data: HashMap<u64, OnData>,
    timeouts: HashMap<u64, Box<dyn FnOnce(&mut Loop)>>,
    results: HashMap<u64, OnResult>,
}

/// Posts to the queue from any thread.
pub struct Poster {
    shared: Arc<Shared>,
}

impl Clone for Poster {
    fn clone(&self) -> Self {
        self.shared.one_more();
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Poster {
    fn drop(&mut self) {
        self.shared.one_less();
    }
}

impl Loop {
    /// A loop that nothing can come to.
    pub fn new() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let outside = Arc::new(Outside {
            bell: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
            table: Mutex::default(),
        });
        let (theirs, queue) = (Arc::clone(&outside), Arc::clone(&shared));
        let thread =
            thread::Builder::new().name("messages".to_owned()).spawn(move || theirs.run(&queue))?;
        Ok(Self {
            shared,
            outside,
            thread: Some(thread),
            next: 0,
            data: HashMap::new(),
            timeouts: HashMap::new(),
            results: HashMap::new(),
        })
    }

    /// A new poster.
    pub fn poster(&mut self) -> Poster {
        self.shared.one_more();
        Poster { shared: Arc::clone(&self.shared) }
    }

    /// Calls handlers until nothing can come any more.
    pub fn run(mut self) -> io::Result<()> {
        while let Some(event) = self.next_event() {
            match event {
                Event::Posted(handler) => handler(&mut self),
                Event::Data(id, piece) => {
                    let is_over = !matches!(&piece, Ok(bytes) if !bytes.is_empty());
                    let Some(mut handler) = self.data.remove(&id) else { continue };
                    handler(&mut self, piece);
                    if is_over {
                        drop(handler);
                        self.shared.one_less();
                    } else {
                        self.data.insert(id, handler);
                    }
                }
                Event::Timeout(id) => {
                    let Some(handler) = self.timeouts.remove(&id) else { continue };
                    handler(&mut self);
                    self.shared.one_less();
                }
                Event::Done(id, result) => {
                    let Some(handler) = self.results.remove(&id) else { continue };
                    handler(&mut self, result.unwrap_or_else(|panic| resume_unwind(panic)));
                    self.shared.one_less();
                }
                Event::Broken(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sleeps until there is an event; none when nothing can come any more.
    fn next_event(&self) -> Option<Event> {
        let mut queue = self.shared.lock();
        loop {
            if let Some(event) = queue.events.pop_front() {
                return Some(event);
            }
            if queue.to_come == 0 {
                return None;
            }
            queue =
                self.shared.changed.wait(queue).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Calls `handler` with what comes from `fd`.
    pub fn on_data<H>(&mut self, fd: OwnedFd, handler: H)
    where
        H: FnMut(&mut Loop, io::Result<Vec<u8>>) + 'static,
    {
        let id = self.id();
        self.data.insert(id, Box::new(handler));
        self.outside.change(|table| table.files.push((id, Arc::new(fd))));
    }

    /// Calls `handler` once, not before `deadline`.
    pub fn at<H>(&mut self, deadline: Instant, handler: H)
    where
        H: FnOnce(&mut Loop) + 'static,
    {
        let id = self.id();
        self.timeouts.insert(id, Box::new(handler));
        self.outside.change(|table| {
            table.deadlines.insert((deadline, id), ());
        });
    }

    /// Runs `work` on a thread of its own, then `handler` with its result.
    pub fn spawn_blocking<T, W, H>(&mut self, work: W, handler: H) -> io::Result<()>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
        H: FnOnce(&mut Loop, T) + 'static,
    {
        let (shared, id) = (Arc::clone(&self.shared), self.next);
        thread::Builder::new().spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            shared
                .push(Event::Done(id, result.map(|value| Box::new(value) as Box<dyn Any + Send>)));
        })?;
        let id = self.id();
        let handler = move |event_loop: &mut Loop, result: Box<dyn Any + Send>| {
            handler(event_loop, *result.downcast().expect("the result of this work"));
        };
        self.results.insert(id, Box::new(handler));
        Ok(())
    }

    fn id(&mut self) -> u64 {
        self.shared.one_more();
        self.next += 1;
        self.next - 1
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.outside.change(|table| table.is_over = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let mut queue = self.shared.lock();
        queue.is_closed = true;
        let events = std::mem::take(&mut queue.events);
        drop(queue);
        drop(events);
    }
}

impl Poster {
    /// Calls `handler` once, on the thread of `run`.
    pub fn post<H: FnOnce(&mut Loop) + Send + 'static>(&self, handler: H) {
        self.shared.push(Event::Posted(Box::new(handler)));
    }
}

/// What the message thread looks at.
struct Outside {
    bell: EventFd,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    files: Vec<(u64, Arc<OwnedFd>)>,
    deadlines: BTreeMap<(Instant, u64), ()>,
    is_over: bool,
}

impl Outside {
    /// Changes the table, then rings.
    fn change(&self, change: impl FnOnce(&mut Table)) {
        change(&mut self.table.lock().expect("nobody panics with it"));
        let _ = self.bell.write(1);
    }

    fn run(&self, queue: &Shared) {
        loop {
            let (files, timeout) = {
                let table = self.table.lock().expect("nobody panics with it");
                if table.is_over {
                    return;
                }
                let first = table.deadlines.keys().next().map(|(deadline, _)| *deadline);
                (table.files.clone(), first.map_or(PollTimeout::NONE, timeout_until))
            };
            let mut fds = vec![PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)];
            fds.extend(files.iter().map(|(_, fd)| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
            match poll(&mut fds, timeout) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(errno) => return queue.push(Event::Broken(errno.into())),
            }
            let ready: Vec<bool> = fds.iter().map(|fd| fd.any() != Some(false)).collect();
            if ready[0] {
                let _ = self.bell.read();
            }
            let readable = files.into_iter().zip(&ready[1..]).filter(|(_, ready)| **ready);
            for ((id, fd), _) in readable {
                self.read(id, fd, queue);
            }
            let now = Instant::now();
            let mut table = self.table.lock().expect("nobody panics with it");
            while let Some(entry) = table.deadlines.first_entry() {
                if entry.key().0 > now {
                    break;
                }
                queue.push(Event::Timeout(entry.remove_entry().0.1));
            }
        }
    }

    fn read(&self, id: u64, fd: Arc<OwnedFd>, queue: &Shared) {
        let mut buffer = vec![0; 65_536];
        let piece = match read(&fd, &mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                buffer.shrink_to_fit();
                Ok(buffer)
            }
            Err(Errno::EINTR | Errno::EAGAIN) => return,
            Err(errno) => Err(errno.into()),
        };
        if !matches!(&piece, Ok(bytes) if !bytes.is_empty()) {
            let mut table = self.table.lock().expect("nobody panics with it");
            table.files.retain(|(file, _)| *file != id);
            drop(fd);
        }
        queue.push(Event::Data(id, piece));
    }
}

/// The time until then in milliseconds, rounded up; as long as poll can wait at most.
fn timeout_until(deadline: Instant) -> PollTimeout {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.saturating_add(Duration::from_nanos(999_999)).as_millis();
    PollTimeout::from(u16::try_from(left.min(60_000)).unwrap_or(60_000))
}
