//! Misconception: every signal has a name.
//! Caught by: a_death_by_signal_has_the_signal_in_the_lowest_bits::case_4_a_real_time_signal
//! Message: its signal is looked up by name, and a real-time signal has none

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

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
        match WaitStatus::from_raw(Pid::this(), status).ok()? {
            WaitStatus::Exited(_, code) => Some(Self::Exited(code)),
            WaitStatus::Signaled(_, signal, core) => {
                Some(Self::Signalled { signal: signal as i32, core })
            }
            _ => None,
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
