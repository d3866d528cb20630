//! One call, two returns: fork(2) in a form that is hard to use wrongly.
//!
//! Why it works: after the fork two processes go on with the same code and equal memory. What must
//! not happen twice is settled on both sides of the call: buffered output is written before it, so
//! that the copy is empty, and the child never leaves the function that made it. It ends in
//! `_exit`, which runs nothing that the parent will run too. A pipe and a wait are all that makes
//! one process wait for another: both sleep in the kernel, and both also end when the other dies.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

/// The exit code of a body that panics, as that of a Rust program whose main panics.
const PANICKED: i32 = 101;

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
    match fork()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => run_and_exit(body),
    }
}

/// Waits, asleep, until this child of [`fork_child`] has ended, and reaps it.
///
/// # Errors
/// If waitpid fails. A signal that only interrupts the wait is no error. (`WaitStatus` has no name for
/// a real-time signal: an end by one is EINVAL, and the child is reaped all the same.)
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
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
    // A byte says that the turn is over; end-of-file, that the parent has died in it. End-of-file alone
    // would not do: a process that the parent starts meanwhile may have a copy of the write end.
    let (mut parents_turn_ends, mut parents_turn) = io::pipe()?;
    match (fork()?, first) {
        (ForkResult::Child, First::Parent) => run_and_exit(|| {
            // The child's own copy: as long as it is open, there is no end-of-file.
            drop(parents_turn);
            // It goes on after a signal (EINTR); one `read` would not.
            match parents_turn_ends.read_exact(&mut [0]) {
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    panic!("cannot wait for the parent's turn: {error}")
                }
                _ => child(),
            }
        }),
        (ForkResult::Child, First::Child) => run_and_exit(child),
        (ForkResult::Parent { child: pid }, First::Parent) => {
            // It is over by a panic, too, which goes on to the caller below.
            let turn = panic::catch_unwind(AssertUnwindSafe(|| parent(pid)));
            // This process has a read end, so a child that has died makes no SIGPIPE and no error.
            let told = parents_turn.write_all(&[0]);
            drop(parents_turn);
            let status = wait_for(pid);
            turn.unwrap_or_else(|payload| panic::resume_unwind(payload));
            told.and(status)
        }
        (ForkResult::Parent { child: pid }, First::Child) => {
            // The child's turn is over when the child is, also if its status has no name.
            let status = wait_for(pid);
            parent(pid);
            status
        }
    }
}

/// fork(2), prepared so that the child may run any code.
fn fork() -> io::Result<ForkResult> {
    // Each thread of the process has a directory here: proc_pid_task(5).
    if fs::read_dir("/proc/self/task")?.count() > 1 {
        return Err(io::Error::other("fork in a process with more than one thread"));
    }
    // Standard output is a buffer in memory, even to a pipe: an unfinished line would be copied
    // and written by both.
    io::stdout().flush()?;
    // SAFETY: this is the only thread, so no other can hold a lock of the copied memory, and the
    // child is not restricted to async-signal-safe functions (fork(2), signal-safety(7)).
    Ok(unsafe { nix::unistd::fork() }?)
}

/// The whole life of a child: it does not return, so the caller's code goes on in the parent only.
fn run_and_exit(body: impl FnOnce() -> i32) -> ! {
    // A panic would unwind through the caller's frames, whose destructors are the parent's affair,
    // and a `catch_unwind` up there would bring the child back to life.
    let code = panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Its destructor is code like any other: it could panic, too.
        std::mem::forget(payload);
        PANICKED
    });
    // `_exit` does not flush. The buffer was empty at the fork, so all in it is the child's. If
    // nobody reads any more, there is nobody to tell.
    let _ = io::stdout().flush();
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}
