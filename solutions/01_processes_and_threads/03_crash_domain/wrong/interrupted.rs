//! Misconception: waitpid fails only if there is nothing to wait for.
//! Caught by: a_signal_does_not_end_the_wait
//! Message: EINTR is passed on as an error
#![allow(unsafe_code)]

use std::io;
use std::process::Command;

use nix::libc;

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
            0x7f => None,
            signal => Some(Self::Signalled { signal, core: status & 0x80 != 0 }),
        }
    }
}

/// Runs every job and tells how each ended.
pub fn supervise(jobs: Vec<Command>) -> Vec<io::Result<Ending>> {
    let children: Vec<_> = jobs.into_iter().map(|mut job| job.spawn()).collect();
    children.into_iter().map(|child| wait_for(child?.id() as i32)).collect()
}

fn wait_for(pid: i32) -> io::Result<Ending> {
    let mut status = 0;
    // SAFETY: the status is an integer that lives for the whole call (waitpid(2)).
    let result = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(Ending::from_raw(status).expect("the child has ended"))
}
