//! Misconception: children end in the order in which they were started.
//! Caught by: all_jobs_are_started_before_the_first_is_waited_for
//! Message: Exchanged: outcomes are kept in the order in which they came (waitpid(-1))
#![allow(unsafe_code)]

use std::io;
use std::process::Command;

use nix::errno::Errno;
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
    children.into_iter().map(|child| child.and_then(|_| wait_for_one())).collect()
}

fn wait_for_one() -> io::Result<Ending> {
    let mut status = 0;
    loop {
        // SAFETY: the status is an integer that lives for the whole call (waitpid(2)).
        let result = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if result != -1 {
            return Ok(Ending::from_raw(status).expect("the child has ended"));
        }
        if Errno::last() != Errno::EINTR {
            return Err(Errno::last().into());
        }
    }
}
