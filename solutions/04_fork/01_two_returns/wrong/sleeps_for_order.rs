//! Misconception: a short sleep lets the other side go first.
//! Caught by: the_parent_goes_first_if_it_is_to
//! Message: parent's turn; the child: AsleepByTheClock
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

const PANICKED: i32 = 101;

/// Which process takes the first turn after a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The process that called fork.
    Parent,
    /// The process that fork made.
    Child,
}

/// Forks; the child runs `body`.
pub fn fork_child(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    match fork()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => run_and_exit(body),
    }
}

/// Waits for this child.
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Forks; one side takes its turn, then the other.
pub fn in_order(
    first: First,
    parent: impl FnOnce(Pid),
    child: impl FnOnce() -> i32,
) -> io::Result<WaitStatus> {
    match (fork()?, first) {
        (ForkResult::Child, First::Parent) => run_and_exit(|| {
            thread::sleep(Duration::from_millis(200));
            child()
        }),
        (ForkResult::Child, First::Child) => run_and_exit(child),
        (ForkResult::Parent { child: pid }, First::Parent) => {
            parent(pid);
            wait_for(pid)
        }
        (ForkResult::Parent { child: pid }, First::Child) => {
            let status = wait_for(pid)?;
            parent(pid);
            Ok(status)
        }
    }
}

fn fork() -> io::Result<ForkResult> {
    if fs::read_dir("/proc/self/task")?.count() > 1 {
        return Err(io::Error::other("fork in a process with more than one thread"));
    }
    io::stdout().flush()?;
    // SAFETY: this is the only thread, so no other can hold a lock of the copied memory, and the
    // child is not restricted to async-signal-safe functions (fork(2), signal-safety(7)).
    Ok(unsafe { nix::unistd::fork() }?)
}

fn run_and_exit(body: impl FnOnce() -> i32) -> ! {
    let code = panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED);
    let _ = io::stdout().flush();
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}
