//! Misconception: a process that has ended is gone.
//! Caught by: an_exit_is_reported_with_its_code::case_1_zero
//! Message: a child that has ended is only looked at (WNOWAIT), or nobody waits for it

use std::io;
use std::process::{Child, Command};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
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
    children.into_iter().map(|child| wait_for(child?)).collect()
}

fn wait_for(child: Child) -> io::Result<Ending> {
    let pid = Pid::from_raw(child.id() as i32);
    loop {
        match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ending::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, core)) => {
                return Ok(Ending::Signalled { signal: signal as i32, core });
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
