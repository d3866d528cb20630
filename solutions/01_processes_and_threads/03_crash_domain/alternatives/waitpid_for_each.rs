//! A supervisor that calls waitpid(2) itself, once for each pid, and reads the status with the macros of
//! wait(2). `Child` is only asked for its number: its drop neither kills nor waits.

#![allow(unsafe_code)] // waitpid(2) of `libc`, for that of `nix` has no word for real-time signals

use std::io;
use std::process::Command;

use nix::errno::Errno;
use nix::libc::{self, pid_t};

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It exited with this code (0 to 255).
    Exited(i32),
    /// A signal killed it.
    Signalled {
        /// The number of the signal; not every one has a name.
        signal: i32,
        /// Whether the kernel wrote a core dump.
        core: bool,
    },
}

impl Ending {
    /// Decodes a wait status, the integer that wait(2) fills in.
    ///
    /// `None` if the process has not ended, but was stopped or continued.
    pub fn from_raw(status: i32) -> Option<Self> {
        if libc::WIFEXITED(status) {
            Some(Self::Exited(libc::WEXITSTATUS(status)))
        } else if libc::WIFSIGNALED(status) {
            let (signal, core) = (libc::WTERMSIG(status), libc::WCOREDUMP(status));
            Some(Self::Signalled { signal, core })
        } else {
            None
        }
    }
}

/// Runs every job as a child process of its own, and tells how each ended, in the order of `jobs`.
///
/// All jobs are started before the first is waited for; the supervisor sleeps while it waits. Once a
/// job is started, the supervisor keeps nothing of it open: its command is dropped, and of streams
/// that are `Stdio::piped()` the supervisor's ends are closed, for nobody would use them. When this
/// returns, every job has ended and is reaped, and no other child of the caller has been waited for.
/// A job that cannot be started is an `Err` in its own place and disturbs no other. A job that is
/// stopped has not ended, and a signal that only interrupts a wait is no error.
pub fn supervise(jobs: Vec<Command>) -> Vec<io::Result<Ending>> {
    let mut pids = Vec::with_capacity(jobs.len());
    for mut job in jobs {
        pids.push(job.spawn().map(|child| child.id() as pid_t));
    }
    let mut endings = Vec::with_capacity(pids.len());
    for pid in pids {
        endings.push(pid.and_then(wait_for));
    }
    endings
}

/// Sleeps until this child has ended, however often it is interrupted or hears of something else.
fn wait_for(pid: pid_t) -> io::Result<Ending> {
    loop {
        let mut status = 0;
        // SAFETY: `status` lives and is written to; no options, so that only ends are reported.
        match Errno::result(unsafe { libc::waitpid(pid, &mut status, 0) }) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) => {
                if let Some(ending) = Ending::from_raw(status) {
                    return Ok(ending);
                }
            }
        }
    }
}
