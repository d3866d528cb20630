//! The bell is an eventfd, a counter that the handler of SIGCHLD adds to: it is never full. `wait` sleeps in
//! sigsuspend(2), with SIGCHLD blocked between its last look and its sleep, so that no end falls in between.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`, and so is all of `libc`

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By the signal with this number, which may be a real-time signal.
    Killed(i32),
}

/// The counter, for the handler, which gets no arguments.
static COUNTER: AtomicI32 = AtomicI32::new(-1);

extern "C" fn ring(_: c_int) {
    // What the interrupted code has in errno stays there.
    let errno = Errno::last();
    let one = 1_u64.to_ne_bytes();
    // SAFETY: eight bytes that live; write(2) is async-signal-safe, and does not block here (eventfd(2)).
    unsafe { libc::write(COUNTER.load(Ordering::Relaxed), one.as_ptr().cast(), one.len()) };
    errno.set();
}

/// Whether this child has ended. It is not reaped: `collect` will still find it.
///
/// The error is ECHILD if it is not a child of this process, or not any more. No child has a number
/// below 1.
pub fn has_ended(child: Pid) -> io::Result<bool> {
    if child.as_raw() < 1 {
        // EINVAL to waitid, and EINVAL has another meaning below.
        return Err(Errno::ECHILD.into());
    }
    match look(Id::Pid(child)) {
        Ok(WaitStatus::StillAlive) => Ok(false),
        // `nix` has no word for a real-time signal: EINVAL, and the child is still there.
        Ok(_) | Err(Errno::EINVAL) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// Neither waits nor reaps.
fn look(whom: Id) -> nix::Result<WaitStatus> {
    waitid(whom, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT)
}

/// From now on, descendants whose parent dies become children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    // SAFETY: this prctl takes integers (PR_SET_CHILD_SUBREAPER(2const)).
    let result = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    Ok(Errno::result(result).map(drop)?)
}

/// The only part of the process that waits for children. Its descriptor, the *bell*, is for an
/// event loop.
#[derive(Debug)]
pub struct Reaper {
    bell: File,
}

impl AsFd for Reaper {
    /// The bell: readable from the end of a child to the next `collect` or `wait`, however many have
    /// ended. It may ring for nothing, too: a child that stops or goes on, one that was reaped
    /// meanwhile, a SIGCHLD that somebody has sent.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Reaper {
    /// For the whole of a program, which has one reaper. From now on the bell rings, whatever SIGCHLD
    /// was set to. Exec closes the bell, and may leave SIGCHLD blocked. For a child that ended before,
    /// it need not ring: `collect` and `wait` find that one all the same.
    pub fn new() -> io::Result<Self> {
        // SAFETY: it takes two integers (eventfd(2)).
        let counter = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        let counter: RawFd = Errno::result(counter)?;
        // SAFETY: it is new, and nobody else owns it.
        let bell = File::from(unsafe { OwnedFd::from_raw_fd(counter) });
        COUNTER.store(bell.as_raw_fd(), Ordering::Relaxed);
        let flags = SaFlags::SA_RESTART | SaFlags::SA_NOCLDSTOP;
        let action = SigAction::new(SigHandler::Handler(ring), flags, SigSet::empty());
        // SAFETY: the handler calls write(2) only, and keeps errno.
        unsafe { sigaction(Signal::SIGCHLD, &action) }?;
        // This program may have been started with it blocked.
        SigSet::from(Signal::SIGCHLD).thread_unblock()?;
        Ok(Self { bell })
    }

    /// Reaps every child that has ended, once, and never waits for a running child.
    pub fn collect(&mut self) -> io::Result<Vec<(Pid, End)>> {
        // A read sets the counter to 0; that it was 0 is an error here, and no harm.
        let _ = self.bell.read(&mut [0; 8]);
        let mut ended = Vec::new();
        let mut status = 0;
        loop {
            // SAFETY: `status` lives and is written to; -1 is any child (waitpid(2)).
            match Errno::result(unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) }) {
                Ok(0) | Err(Errno::ECHILD) => return Ok(ended),
                Ok(pid) => ended.push((Pid::from_raw(pid), end_of(status))),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Sleeps until a child has ended, whatever rings, then collects. Returns an empty list, at once,
    /// only if there is no child.
    pub fn wait(&mut self) -> io::Result<Vec<(Pid, End)>> {
        let before = SigSet::from(Signal::SIGCHLD).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let mut while_asleep = before;
        while_asleep.remove(Signal::SIGCHLD);
        let ended = loop {
            let ended = self.collect();
            let is_over = ended.as_ref().map_or(true, |ended| !ended.is_empty());
            if is_over || look(Id::All) == Err(Errno::ECHILD) {
                break ended;
            }
            // A SIGCHLD that has come since the look ends this at once: unblocking and going to sleep are
            // one step.
            while_asleep.suspend()?;
        };
        before.thread_set_mask()?;
        ended
    }
}

/// What the macros of wait(2) say. Without WUNTRACED it is an end.
fn end_of(status: c_int) -> End {
    match libc::WIFSIGNALED(status) {
        true => End::Killed(libc::WTERMSIG(status)),
        false => End::Exited(libc::WEXITSTATUS(status)),
    }
}
