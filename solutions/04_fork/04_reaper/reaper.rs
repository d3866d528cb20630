//! Reaping children: SIGCHLD says that something happened, waitpid(2) says what.
//!
//! Why it works: a signal is a bell and no message. Of several children that end while SIGCHLD is
//! pending, one SIGCHLD is left (signal(7)), so the bell is never counted and never asked who rang.
//! It is silenced *before* the look, and the look goes on until waitpid says that nobody is left
//! who has ended. Then a child that ends at any moment is either seen by this look or rings for the
//! next one. And since it may have ended before there was a bell, the first look comes before the
//! first sleep.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`, and so is all of `libc`

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::signalfd::{SfdFlags, SignalFd};
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

impl End {
    /// Reads a wait status. A killed child has no exit code: WEXITSTATUS of it would be 0.
    fn from_status(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            Self::Exited(libc::WEXITSTATUS(status))
        } else {
            // Without WUNTRACED and WCONTINUED nothing but an end is reported (wait(2)).
            Self::Killed(libc::WTERMSIG(status))
        }
    }
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
        // Ended. EINVAL: by a real-time signal, which `nix` has no name for.
        Ok(_) | Err(Errno::EINVAL) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// waitid(2) that leaves all as it is: WNOHANG does not wait, WNOWAIT does not reap.
fn look(whom: Id) -> nix::Result<WaitStatus> {
    waitid(whom, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT)
}

/// From now on, descendants whose parent dies become children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// The only part of the process that waits for children. Its descriptor, the *bell*, is for an
/// event loop.
#[derive(Debug)]
pub struct Reaper {
    bell: SignalFd,
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
        // If SIGCHLD is ignored, and that is inherited across exec, children are reaped by the
        // kernel and their statuses are lost (sigaction(2), wait(2)). A child that only stops need
        // not ring: SA_NOCLDSTOP.
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::SA_NOCLDSTOP, SigSet::empty());
        // SAFETY: SIG_DFL is no function of ours that could be called at a bad moment.
        unsafe { sigaction(Signal::SIGCHLD, &default) }?;
        // Blocked, it stays pending until it is read from the descriptor (signalfd(2)).
        let sigchld = SigSet::from(Signal::SIGCHLD);
        sigchld.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self { bell: SignalFd::with_flags(&sigchld, flags)? })
    }

    /// Reaps every child that has ended, once, and never waits for a running child.
    pub fn collect(&mut self) -> io::Result<Vec<(Pid, End)>> {
        // First the bell. The other way round it would swallow the ring of a child that ends after
        // the last look.
        while self.bell.read_signal()?.is_some() {}
        let mut ended = Vec::new();
        while let Some(child) = reap_one()? {
            ended.push(child);
        }
        Ok(ended)
    }

    /// Sleeps until a child has ended, whatever rings, then collects. Returns an empty list, at once,
    /// only if there is no child.
    pub fn wait(&mut self) -> io::Result<Vec<(Pid, End)>> {
        loop {
            let ended = self.collect()?;
            if !ended.is_empty() || look(Id::All) == Err(Errno::ECHILD) {
                return Ok(ended);
            }
            let mut bell = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
            match poll(&mut bell, PollTimeout::NONE) {
                // EINTR: some other signal was handled.
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Reaps one child that has ended, whichever; `None` if those that are left live, or none is left.
///
/// Not `waitpid` of `nix`: that has no `Signal` for a real-time signal and returns EINVAL, when the
/// child is reaped and its status gone.
fn reap_one() -> nix::Result<Option<(Pid, End)>> {
    let mut status = 0;
    // SAFETY: `status` lives and is written to; -1 means any child (waitpid(2)).
    match Errno::result(unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) }) {
        Ok(0) | Err(Errno::ECHILD) => Ok(None),
        Ok(pid) => Ok(Some((Pid::from_raw(pid), End::from_status(status)))),
        Err(errno) => Err(errno),
    }
}
