//! A record lock for the turns: the parent holds it in its turn, and the child waits for it. Fork does not
//! copy such a lock, and the kernel releases it when its process unlocks, or dies (F_SETLK(2const)).
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
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
    let mut threads = fs::read_dir("/proc/self/task")?;
    if threads.nth(1).is_some() {
        return Err(io::Error::other("there is a second thread, which the child would not have"));
    }
    drop(threads);
    io::stdout().lock().flush()?;
    // SAFETY: this thread is the only one, so the child may do all that the parent may (fork(2)).
    if let ForkResult::Parent { child } = unsafe { fork() }? {
        return Ok(child);
    }
    let code = panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Its destructor might panic once more.
        std::mem::forget(payload);
        101
    });
    // What the body printed; the buffer was empty at the fork.
    let _ = io::stdout().lock().flush();
    // SAFETY: _exit(2) takes an integer and does not return.
    unsafe { libc::_exit(code) }
}

/// Waits, asleep, until this child of [`fork_child`] has ended, and reaps it.
///
/// # Errors
/// If waitpid fails. A signal that only interrupts the wait is no error. (`WaitStatus` has no name for
/// a real-time signal: an end by one is EINVAL, and the child is reaped all the same.)
pub fn wait_for(child: Pid) -> io::Result<WaitStatus> {
    until_it_ends(child, WaitPidFlag::WEXITED)
}

/// waitid(2) until no signal interrupts it. Without WSTOPPED it tells of an end only.
fn until_it_ends(child: Pid, flags: WaitPidFlag) -> io::Result<WaitStatus> {
    loop {
        match waitid(Id::Pid(child), flags) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno.into()),
            Ok(status) => return Ok(status),
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
/// As [`fork_child`] and [`wait_for`], and if there is no file in memory to be had, or no lock.
pub fn in_order(
    first: First,
    parent: impl FnOnce(Pid),
    child: impl FnOnce() -> i32,
) -> io::Result<WaitStatus> {
    let turn = File::from(memfd_create("turn", MFdFlags::MFD_CLOEXEC)?);
    match first {
        First::Parent => {
            lock(&turn)?;
            let pid = fork_child(|| {
                lock(&turn).expect("the parent's turn ends");
                child()
            })?;
            parent(pid);
            // With any descriptor of the file that it closes, a process gives up its locks on it.
            drop(turn);
            wait_for(pid)
        }
        First::Child => {
            let pid = fork_child(child)?;
            // It stays a zombie for the parent's turn, so that its number is still its own.
            // An error that counts comes again from `wait_for`.
            let _ = until_it_ends(pid, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            parent(pid);
            wait_for(pid)
        }
    }
}

/// Takes the lock on the whole file; sleeps until it is free.
fn lock(turn: &File) -> nix::Result<()> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        // Up to the end, wherever that is.
        l_len: 0,
        l_pid: 0,
    };
    loop {
        match fcntl(turn, FcntlArg::F_SETLKW(&whole)) {
            Err(Errno::EINTR) => {}
            result => return result.map(drop),
        }
    }
}
