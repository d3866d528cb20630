//! Misconception: what is no exit is a death by signal.
//! Caught by: a_stop_is_not_an_end::case_1_stopped_by_sigstop
//! Message: every status that is not an exit is taken for a death by signal

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Decodes a wait status.
    pub fn from_raw(status: i32) -> Option<Self> {
        match status & 0x7f {
            0 => Some(Self::Exited(status >> 8 & 0xff)),
            signal => Some(Self::Signalled { signal, core: status & 0x80 != 0 }),
        }
    }
}

/// Runs every job and tells how each ended.
pub fn supervise(jobs: Vec<Command>) -> Vec<io::Result<Ending>> {
    let children: Vec<_> = jobs.into_iter().map(|mut job| job.spawn()).collect();
    children.into_iter().map(|child| wait_for(child?)).collect()
}

fn wait_for(mut child: Child) -> io::Result<Ending> {
    let status = child.wait()?;
    Ok(Ending::from_raw(status.into_raw()).expect("a child that was waited for has ended"))
}
