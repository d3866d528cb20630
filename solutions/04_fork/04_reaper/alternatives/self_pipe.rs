//! A handler of SIGCHLD that writes a byte to a pipe: the bell without signalfd.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`, and so is all of `libc`

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

/// The write end of the bell's pipe.
static RING: AtomicI32 = AtomicI32::new(-1);

extern "C" fn ring(_: libc::c_int) {
    let errno = Errno::last();
    // SAFETY: one byte that lives; write(2) is async-signal-safe. A full pipe rings already.
    unsafe { libc::write(RING.load(Ordering::Relaxed), c"!".as_ptr().cast(), 1) };
    errno.set();
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Whether this child has ended. What it left is still there to be collected.
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

/// The one in the process who waits for children. Its descriptor, the *bell*, is for an event loop.
#[derive(Debug)]
pub struct Reaper {
    bell: PipeReader,
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
        let (bell, ring_end) = io::pipe()?;
        fcntl(&bell, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        fcntl(&ring_end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        RING.store(ring_end.into_raw_fd(), Ordering::Relaxed);
        let action = SigAction::new(SigHandler::Handler(ring), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler calls write(2) and keeps errno.
        unsafe { sigaction(Signal::SIGCHLD, &action) }?;
        SigSet::from(Signal::SIGCHLD).thread_unblock()?;
        Ok(Self { bell })
    }

    /// Reaps every child that has ended, once, and waits for none of those that live.
    pub fn collect(&mut self) -> io::Result<Vec<(Pid, End)>> {
        while matches!(self.bell.read(&mut [0; 64]), Ok(1..)) {}
        let mut ended = Vec::new();
        while let Some(child) = reap_one()? {
            ended.push(child);
        }
        Ok(ended)
    }

    /// Sleeps until a child has ended, then collects. Nothing, at once, if there is no child at all.
    pub fn wait(&mut self) -> io::Result<Vec<(Pid, End)>> {
        loop {
            let ended = self.collect()?;
            if !ended.is_empty() || look(Id::All) == Err(Errno::ECHILD) {
                return Ok(ended);
            }
            let mut bell = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
            match poll(&mut bell, PollTimeout::NONE) {
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
