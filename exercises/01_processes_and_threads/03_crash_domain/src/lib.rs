//! A supervisor: it runs jobs in processes of their own, and outlives them all.

use std::io;
use std::process::Command;

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
        todo!("which bits of {status:#06x} say how the process ended?")
    }
}

/// Runs every job as a child process of its own, and tells how each ended, in the order of `jobs`.
///
/// All jobs are started before the first is waited for; the supervisor sleeps while it waits. A job is
/// started as its command says, and nothing is added: it stays in the caller's process group, for one, if
/// its command does not say otherwise. Once a job is started, or could not be, the supervisor keeps nothing
/// of it open: its command is dropped, and of streams that are `Stdio::piped()` the supervisor's ends are
/// closed, for nobody would use them. When this returns, every job has ended and is reaped, and no other
/// child of the caller has been waited for. A job that cannot be started is an `Err` in its own place and
/// disturbs no other; so is one whose ending the kernel does not keep, since the caller ignores SIGCHLD. A
/// job that is stopped has not ended, and a signal that only interrupts a wait is no error.
pub fn supervise(jobs: Vec<Command>) -> Vec<io::Result<Ending>> {
    todo!("start {} jobs, then wait for each", jobs.len())
}
