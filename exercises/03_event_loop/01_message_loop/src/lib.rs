//! An event loop of two threads: one runs the handlers, the other talks to the outside and posts.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

/// Handlers, and a queue of what has come for them.
pub struct Loop {}

/// Posts to the queue from any thread. As long as it or a clone of it exists, `run` does not return.
#[derive(Clone)]
pub struct Poster {}

impl Loop {
    /// A loop that nothing can come to.
    pub fn new() -> io::Result<Self> {
        todo!("a queue; later: a message thread, and a way to wake it")
    }
    /// A new poster.
    pub fn poster(&mut self) -> Poster {
        todo!("it reaches the queue; `run` must learn when the last clone is gone")
    }
    /// Calls handlers one at a time, on this thread, until nothing can come any more. A panic of a
    /// handler, or of `work`, goes on to the caller. An error is that of a message thread that cannot wait.
    pub fn run(self) -> io::Result<()> {
        todo!("while something can come: sleep until there is a message, call its handler")
    }
    /// Calls `handler` with the bytes of `fd` in order, in pieces as they come: none is empty but the
    /// last one: end-of-file. An error but EAGAIN is a last call, too. `fd` is closed before the last call.
    pub fn on_data<H>(&mut self, fd: OwnedFd, _handler: H)
    where
        H: FnMut(&mut Loop, io::Result<Vec<u8>>) + 'static,
    {
        todo!("keep the handler; the message thread waits for {fd:?}, reads, and posts")
    }
    /// Calls `handler` once, not before `deadline`: earlier deadlines first, equal ones in the order of
    /// these calls. One that has passed goes behind what is posted before it, in any order with the others.
    pub fn at<H>(&mut self, deadline: Instant, _handler: H)
    where
        H: FnOnce(&mut Loop) + 'static,
    {
        todo!("keep the handler; the message thread must not sleep beyond {deadline:?}")
    }
    /// Runs `work` on a thread of its own, then `handler` with its result; neither on an error (no thread).
    pub fn spawn_blocking<T, W, H>(&mut self, work: W, _handler: H) -> io::Result<()>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
        H: FnOnce(&mut Loop, T) + 'static,
    {
        todo!("start a thread for {}, which posts at its end", std::any::type_name_of_val(&work))
    }
}

impl Poster {
    /// Calls `handler` once, on the thread of `run`. Never waits for one. If the loop is gone, drops it.
    pub fn post<H: FnOnce(&mut Loop) + Send + 'static>(&self, handler: H) {
        todo!("put {} at the end of the queue", std::any::type_name_of_val(&handler))
    }
}
