//! The child's end is a destructor: a guard calls `_exit` when it is dropped, and a value that is there when
//! `body` begins is dropped however `body` ends, by its return or by a panic. Turns are given on by a byte.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, ErrorKind, PipeWriter, Read, Write};

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

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
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(ErrorKind::Unsupported.into());
    }
    io::stdout().flush()?;
    // SAFETY: one thread means that no lock of the copied memory is held by another, and that the child
    // may call any function (fork(2)).
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let mut end = End { code: 101 };
            end.code = body();
            drop(end);
            unreachable!("_exit does not return")
        }
    }
}

/// The end of the process that drops it.
struct End {
    code: i32,
}

impl Drop for End {
    fn drop(&mut self) {
        // Whether it works or not, the process ends.
        let _ = io::stdout().flush();
        // SAFETY: it takes an integer, uses no memory, and does not return (_exit(2)).
        unsafe { libc::_exit(self.code) }
    }
}

/// Waits, asleep, until this child of [`fork_child`] has ended, and reaps it.
///
/// # Errors
/// If waitpid fails. A signal that only interrupts the wait is no error. (`WaitStatus` has no name for
/// a real-time signal: an end by one is EINVAL, and the child is reaped all the same.)
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    let interrupted = |status: &nix::Result<WaitStatus>| *status == Err(Errno::EINTR);
    let mut waits = std::iter::repeat_with(|| waitpid(child, None)).skip_while(interrupted);
    let status = waits.next().expect("it waits as often as it takes");
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
/// As [`fork_child`] and [`wait_for`], and if there is no pipe to be had.
pub fn in_order(
    first: First,
    parent: impl FnOnce(Pid),
    child: impl FnOnce() -> i32,
) -> io::Result<WaitStatus> {
    if let First::Child = first {
        // The child's turn needs no word: its end is the word.
        let pid = fork_child(child)?;
        let status = wait_for(pid);
        parent(pid);
        return status;
    }
    let (mut hears, says) = io::pipe()?;
    let mut says = Some(says);
    let pid = fork_child(|| {
        // The child's copy, which would keep end-of-file away if the parent dies.
        says = None;
        // One byte if the parent has had its turn, none if it has died in it.
        match hears.read_exact(&mut [0]) {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => panic!("no turn: {error}"),
            _ => child(),
        }
    })?;
    let over = Over { says };
    parent(pid);
    drop(over);
    wait_for(pid)
}

/// The end of the parent's turn, which is told when this is dropped: by a return, or by a panic.
struct Over {
    says: Option<PipeWriter>,
}

impl Drop for Over {
    fn drop(&mut self) {
        // The read end is open in this process, so there is a reader and room for a byte: no error, and
        // no SIGPIPE if the child has died.
        let _ = self.says.iter_mut().try_for_each(|says| says.write_all(&[0]));
    }
}
