//! A reactor: one thread that waits for many things at once, on epoll, timerfd and eventfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

/// Handlers, and what each of them waits for. `as_fd` is its epoll instance, which need not tell of timers.
pub struct Reactor {}

/// Names one registration. No other registration of the reactor ever has the same token.
#[derive(Debug, Clone, Copy)]
pub struct Token {}

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
pub struct Waker {}

impl Reactor {
    /// A reactor with nothing registered.
    pub fn new() -> io::Result<Self> {
        todo!("an epoll instance, and a timerfd that it watches")
    }
    /// Calls `handler` when `fd` is readable (data, or end-of-file); another handler of the same round may
    /// have read it by then. Closes `fd` when it is removed, or cannot be watched.
    pub fn watch<H>(&mut self, fd: OwnedFd, trigger: Trigger, _handler: H) -> io::Result<Token>
    where
        H: FnMut(&mut Reactor, Token, BorrowedFd<'_>) + 'static,
    {
        todo!("keep the handler, and add {fd:?} to the epoll instance, {trigger:?}-triggered")
    }
    /// Calls `handler` once, when `deadline` has come: earlier deadlines first, equal ones in order
    /// of registration. It is gone when its handler is called. A timer that a timer's handler adds waits
    /// for the next round of the loop; one that another handler adds may do so.
    pub fn at<H>(&mut self, deadline: Instant, _handler: H) -> io::Result<Token>
    where
        H: FnOnce(&mut Reactor) + 'static,
    {
        todo!("keep the handler; the timerfd must ring at the earliest deadline, now {deadline:?}")
    }
    /// Calls `handler` when the waker has been used; wakes that come before the call are one.
    pub fn waker<H>(&mut self, _handler: H) -> io::Result<(Token, Waker)>
    where
        H: FnMut(&mut Reactor, Token) + 'static,
    {
        todo!("an eventfd that the loop watches and the waker writes to")
    }
    /// Takes a registration back, at any time: its handler is not called any more. False if it is
    /// already gone, by a handler's own hand too. A handler may remove itself, or another that is due
    /// in the same round.
    pub fn remove(&mut self, token: Token) -> bool {
        todo!("forget {token:?} in your tables and in the epoll instance")
    }
    /// Waits and calls handlers, round by round, until nothing is registered. No handler calls it.
    pub fn run(&mut self) -> io::Result<()> {
        todo!("while something is registered: wait, then call the handlers of what is ready")
    }
}

impl AsFd for Reactor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        todo!("the descriptor of the epoll instance")
    }
}

impl Waker {
    /// Wakes the loop; harmless when the registration is gone. Never waits.
    pub fn wake(&self) {
        todo!("add one to the eventfd")
    }
}
