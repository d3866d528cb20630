//! One call, two returns: fork(2) in a form that is hard to use wrongly.
#![allow(unsafe_code)]

use std::io;

use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

/// Which process takes the first turn after a fork.
#[derive(Debug, Clone, Copy)]
pub enum First {
    /// The process that called fork.
    Parent,
    /// The process that fork made.
    Child,
}

/// Forks. The child runs `body` and ends with its code; the parent gets the child's pid.
///
/// The call returns in the parent only. In the child
/// - the low 8 bits of what `body` returns are the exit code, 101 if it panics,
/// - neither a destructor nor an exit handler of the parent runs,
/// - what `body` prints by `print!` is written, as far as standard output takes it, and nothing that
///   the parent printed is written twice.
///
/// # Errors
/// If fork fails, or if this process has more than one thread: the child would have only the
/// calling one, and the locks that the others held would stay locked.
pub fn fork_child(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    let _ = body;
    todo!("call fork once, and go on in two ways: run the body and end, or return a pid")
}

/// Waits, asleep, until this child of [`fork_child`] has ended, and reaps it.
///
/// # Errors
/// If waitpid fails. A signal that only interrupts the wait is no error. (`WaitStatus` has no name for
/// a real-time signal: an end by one is EINVAL, and the child is reaped all the same.)
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    todo!("waitpid for {child}, again if a signal interrupts it")
}

/// Forks, lets one side take its whole turn before the other begins, and waits for the child.
///
/// The parent's turn is given the child's pid; if the child was first, it may have been reaped by
/// then. The process that is not first sleeps until the other's turn is over, by return or by panic,
/// whatever other processes it has started meanwhile. If the other dies in its turn, this one goes on,
/// at the latest when no process that the other has started lives. What the child prints is written in
/// its turn. A panic of the parent's turn goes on to the caller, with the child waited for or not. The
/// rest is as with [`fork_child`].
///
/// # Errors
/// As [`fork_child`] and [`wait_for`], and if there is no pipe to be had.
pub fn in_order(
    first: First,
    parent: impl FnOnce(Pid),
    child: impl FnOnce() -> i32,
) -> io::Result<WaitStatus> {
    let _ = (parent, child);
    todo!("{first:?} goes first: what does the other wait for?")
}
