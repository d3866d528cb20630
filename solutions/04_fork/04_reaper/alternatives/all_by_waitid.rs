//! The kernel is asked by waitid(2) for everything, and how a child ended stands in its siginfo_t. `wait` needs
//! no bell: it sleeps in a waitid that leaves the child as it is (WNOWAIT), and then collects.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`, and so is all of `libc`

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc::{self, c_int, id_t, idtype_t, siginfo_t};
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By the signal with this number, which may be a real-time signal.
    Killed(i32),
}

/// Whether this child has ended. It is not reaped: `collect` will still find it.
///
/// The error is ECHILD if it is not a child of this process, or not any more. No child has a number
/// below 1.
pub fn has_ended(child: Pid) -> io::Result<bool> {
    // waitid says EINVAL to a number that cannot be a process's.
    let who = id_t::try_from(child.as_raw()).ok().filter(|who| *who > 0).ok_or(Errno::ECHILD)?;
    Ok(ended(libc::P_PID, who, libc::WNOHANG | libc::WNOWAIT)?.is_some())
}

/// waitid(2): a child that has ended, and how; `None` if there are children and, with WNOHANG, all live.
fn ended(kind: idtype_t, who: id_t, flags: c_int) -> nix::Result<Option<(Pid, End)>> {
    // SAFETY: siginfo_t is plain data, for which all zero is a value.
    let mut info: siginfo_t = unsafe { mem::zeroed() };
    loop {
        // SAFETY: `info` lives and is written to (waitid(2)).
        let result = unsafe { libc::waitid(kind, who, &mut info, libc::WEXITED | flags) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(_) => break,
        };
    }
    // SAFETY: waitid has filled in the pid, or nothing: then it is still 0.
    let pid = Pid::from_raw(unsafe { info.si_pid() });
    // SAFETY: as above; this is an exit code or the number of a signal.
    let status = unsafe { info.si_status() };
    let end = match info.si_code {
        libc::CLD_EXITED => End::Exited(status),
        // CLD_KILLED, or CLD_DUMPED if a core was dumped.
        _ => End::Killed(status),
    };
    Ok((pid.as_raw() != 0).then_some((pid, end)))
}

/// From now on, descendants whose parent dies become children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    prctl::set_child_subreaper(true)?;
    Ok(())
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
        let sigchld = SigSet::from(Signal::SIGCHLD);
        // Blocked first: from here on none is lost.
        sigchld.thread_block()?;
        // An ignored SIGCHLD would have the kernel reap. No ring for a child that stops.
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::SA_NOCLDSTOP, SigSet::empty());
        // SAFETY: SIG_DFL is no function of ours.
        unsafe { sigaction(Signal::SIGCHLD, &default) }?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self { bell: SignalFd::with_flags(&sigchld, flags)? })
    }

    /// Reaps every child that has ended, once, and never waits for a running child.
    pub fn collect(&mut self) -> io::Result<Vec<(Pid, End)>> {
        while self.bell.read_signal()?.is_some() {}
        let mut reaped = Vec::new();
        loop {
            match ended(libc::P_ALL, 0, libc::WNOHANG) {
                Ok(Some(child)) => reaped.push(child),
                Ok(None) | Err(Errno::ECHILD) => return Ok(reaped),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Sleeps until a child has ended, whatever rings, then collects. Returns an empty list, at once,
    /// only if there is no child.
    pub fn wait(&mut self) -> io::Result<Vec<(Pid, End)>> {
        match ended(libc::P_ALL, 0, libc::WNOWAIT) {
            Err(errno) if errno != Errno::ECHILD => Err(errno.into()),
            // None is left without a child, either; but the bell may still ring.
            _ => self.collect(),
        }
    }
}
