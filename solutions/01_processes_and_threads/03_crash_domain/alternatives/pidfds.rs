//! A supervisor that polls pidfds: a descriptor for each job, readable when the job has ended
//! (pidfd_open(2)). One `poll` sleeps for all of them, and each job is reaped as soon as it ends.

#![allow(unsafe_code)] // pidfd_open(2) and poll(2) of `libc`

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use nix::errno::Errno;
use nix::libc;

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
        // The lowest byte, then the one above it.
        match status.to_le_bytes() {
            [0x00, code, ..] => Some(Self::Exited(i32::from(code))),
            [0x7f | 0xff, ..] => None,
            [low, ..] => {
                Some(Self::Signalled { signal: i32::from(low & 0x7f), core: low & 0x80 != 0 })
            }
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
    let mut jobs: Vec<Job> = jobs.into_iter().map(Job::start).collect();
    while reap_those_that_end(&mut jobs).is_ok_and(|some_run| some_run) {}
    jobs.into_iter().map(Job::into_ending).collect()
}

enum Job {
    Running(Child, OwnedFd),
    /// Without a descriptor, for instance because the process has too many.
    Unwatched(Child),
    Over(io::Result<Ending>),
}

impl Job {
    fn start(mut command: Command) -> Self {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Self::Over(Err(error)),
        };
        let _ = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        match pidfd_open(&child) {
            Ok(pidfd) => Self::Running(child, pidfd),
            Err(_) => Self::Unwatched(child),
        }
    }

    /// Waits for the job, if nobody has yet.
    fn into_ending(self) -> io::Result<Ending> {
        match self {
            Self::Running(mut child, _) | Self::Unwatched(mut child) => reap(&mut child),
            Self::Over(ending) => ending,
        }
    }
}

/// Sleeps until a job that has a descriptor has ended; `false` if no such job is left.
fn reap_those_that_end(jobs: &mut [Job]) -> io::Result<bool> {
    // poll(2) skips negative numbers.
    let descriptor = |job: &Job| match job {
        Job::Running(_, pidfd) => pidfd.as_raw_fd(),
        Job::Unwatched(_) | Job::Over(_) => -1,
    };
    let pollfd = |job: &Job| libc::pollfd { fd: descriptor(job), events: libc::POLLIN, revents: 0 };
    let mut pollfds: Vec<_> = jobs.iter().map(pollfd).collect();
    if pollfds.iter().all(|pollfd| pollfd.fd < 0) {
        return Ok(false);
    }
    let count = pollfds.len() as libc::nfds_t;
    // SAFETY: the pointer and the count are those of a vector that lives (poll(2)).
    match Errno::result(unsafe { libc::poll(pollfds.as_mut_ptr(), count, -1) }) {
        // Interrupted: nothing is known about any job.
        Err(Errno::EINTR) => return Ok(true),
        ready => ready?,
    };
    for (job, pollfd) in jobs.iter_mut().zip(pollfds) {
        if let Job::Running(child, _) = job
            && pollfd.revents != 0
        {
            *job = Job::Over(reap(child));
        }
    }
    Ok(true)
}

fn reap(child: &mut Child) -> io::Result<Ending> {
    let status = child.wait()?.into_raw();
    Ok(Ending::from_raw(status).expect("without WUNTRACED only ends are reported"))
}

/// The child has not been waited for, so its number is its own.
fn pidfd_open(child: &Child) -> io::Result<OwnedFd> {
    // SAFETY: the system call takes two integers and touches no memory of ours (pidfd_open(2)).
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), 0) };
    let pidfd = Errno::result(pidfd)?;
    // SAFETY: the descriptor is new, so nobody else owns it; it is close-on-exec by itself.
    Ok(unsafe { OwnedFd::from_raw_fd(pidfd as i32) })
}
