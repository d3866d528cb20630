//! Reaping children: SIGCHLD says that something happened, waitpid(2) says what.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`, and so is all of `libc`

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::unistd::Pid;

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By the signal with this number, which may be a real-time signal.
    Killed(i32),
}

/// Whether this child has ended, with all its threads. It is not reaped: `collect` will still find it.
///
/// The error is ECHILD if it is not a child of this process, or not any more. No child has a number
/// below 1.
pub fn has_ended(child: Pid) -> io::Result<bool> {
    todo!("look at {child} without reaping it, and without waiting")
}

/// From now on, descendants whose parent dies become children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    todo!("an orphan goes to init, or to its nearest ancestor that has asked for orphans")
}

/// The only part of the process that waits for children. Its descriptor, the *bell*, is for an
/// event loop.
#[derive(Debug)]
pub struct Reaper {
    // What becomes readable when a child ends?
}

impl AsFd for Reaper {
    /// The bell: readable from the end of a child to the next `collect` or `wait`, however many have
    /// ended. It may ring for nothing, too: a child that stops or goes on, one that was reaped
    /// meanwhile, a SIGCHLD that somebody has sent.
    fn as_fd(&self) -> BorrowedFd<'_> {
        todo!("the descriptor that says when to collect")
    }
}

impl Reaper {
    /// For the whole of a program, which has one reaper. From now on the bell rings, whatever SIGCHLD
    /// was set to. Exec closes the bell, and may leave SIGCHLD blocked. For a child that ended before,
    /// it need not ring: `collect` and `wait` find that one all the same.
    pub fn new() -> io::Result<Self> {
        todo!("prepare SIGCHLD, and make the bell")
    }

    /// Reaps every child that has ended, once, and never waits for a running child.
    pub fn collect(&mut self) -> io::Result<Vec<(Pid, End)>> {
        todo!("silence the bell, then reap until no child is left that has ended")
    }

    /// Sleeps until a child has ended, whatever rings, then collects. Returns an empty list, at once,
    /// only if there is no child.
    pub fn wait(&mut self) -> io::Result<Vec<(Pid, End)>> {
        todo!("which children may have ended before you go to sleep?")
    }
}
