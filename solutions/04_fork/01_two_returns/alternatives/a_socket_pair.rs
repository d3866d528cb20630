//! A socket pair for the turns. The parent shuts the connection down when its turn is over, which reaches
//! the child even if a process that the parent started in its turn still has a copy of the descriptor.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
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
    require_one_thread()?;
    // After this the buffer is empty, in the child's copy too.
    io::stdout().flush()?;
    // SAFETY: there is no other thread, so the child may call any function (fork(2)).
    match Errno::result(unsafe { libc::fork() })? {
        0 => live(body),
        child => Ok(Pid::from_raw(child)),
    }
}

/// In the child: runs `body`, and never goes back to the caller.
fn live(body: impl FnOnce() -> i32) -> ! {
    let code = panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Its destructor might panic once more.
        std::mem::forget(payload);
        101
    });
    // An error has nobody to go to.
    let _ = io::stdout().flush();
    // SAFETY: _exit(2) uses no memory of ours and does not return.
    unsafe { libc::_exit(code) }
}

/// proc_pid_status(5) has the number of threads.
fn require_one_thread() -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    match status.lines().find_map(|line| line.strip_prefix("Threads:")).map(str::trim) {
        Some("1") => Ok(()),
        _ => Err(io::Error::other("only a process with one thread can be forked here")),
    }
}

/// Waits, asleep, until this child of [`fork_child`] has ended, and reaps it.
///
/// # Errors
/// If waitpid fails. A signal that only interrupts the wait is no error. (`WaitStatus` has no name for
/// a real-time signal: an end by one is EINVAL, and the child is reaped all the same.)
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    let mut status = waitpid(child, None);
    while status == Err(Errno::EINTR) {
        status = waitpid(child, None);
    }
    Ok(status?)
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
/// As [`fork_child`] and [`wait_for`], and if there is no socket pair to be had.
pub fn in_order(
    first: First,
    parent: impl FnOnce(Pid),
    child: impl FnOnce() -> i32,
) -> io::Result<WaitStatus> {
    match first {
        First::Child => {
            let pid = fork_child(child)?;
            // Whatever became of the child, its turn is over.
            let status = wait_for(pid);
            parent(pid);
            status
        }
        First::Parent => {
            let (parents_end, mut childs_end) = UnixStream::pair()?;
            let mut parents_end = Some(parents_end);
            let pid = fork_child(|| {
                // Only the child's copy is gone: the parent's variable is in another memory.
                drop(parents_end.take());
                // Sleeps until end-of-file, and goes on after a signal.
                io::copy(&mut childs_end, &mut io::sink()).expect("a socket can be read");
                child()
            })?;
            let turn = panic::catch_unwind(AssertUnwindSafe(|| parent(pid)));
            if let Some(parents_end) = parents_end {
                parents_end.shutdown(Shutdown::Both)?;
            }
            match turn {
                Ok(()) => wait_for(pid),
                // The child has its turn meanwhile.
                Err(payload) => panic::resume_unwind(payload),
            }
        }
    }
}
