//! A supervisor: it runs jobs in processes of their own, and outlives them all.
//!
//! Why it works: a signal that kills takes one process with all its threads, and no other. What is
//! left of the dead is one integer, the wait status, which the kernel keeps until the parent asks
//! for it. The supervisor shares no memory with its jobs, so nothing that they do to themselves
//! can reach it. It only has to read the integer right, and to ask for every one.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

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
        // What the macros of wait(2) do on Linux. The lowest seven bits tell what happened.
        match status & 0x7f {
            // WIFEXITED; the code is the byte above (WEXITSTATUS).
            0 => Some(Self::Exited(status >> 8 & 0xff)),
            // WIFSTOPPED has 0x7f in the low byte, WIFCONTINUED is 0xffff: nobody has died.
            0x7f => None,
            // WIFSIGNALED: they are the signal (WTERMSIG), and the eighth is WCOREDUMP.
            signal => Some(Self::Signalled { signal, core: status & 0x80 != 0 }),
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
    // Collected first: an iterator is lazy, and one chain would start a job, wait, start the next.
    let children: Vec<_> = jobs.into_iter().map(start).collect();
    children.into_iter().map(|child| wait_for(child?)).collect()
}

/// The others may end before this one: the kernel keeps their status until it is their turn.
fn wait_for(mut child: Child) -> io::Result<Ending> {
    // `wait` sleeps and reaps, and calls waitpid(2) again after EINTR.
    let status = child.wait()?;
    // It does not ask for stops (WUNTRACED), so it never hears of one.
    Ok(Ending::from_raw(status.into_raw()).expect("a child that was waited for has ended"))
}

/// The command is dropped at the end, with the ends of pipes that it holds: whoever reads from a job to the
/// end hears of the end only when nobody can write any more (pipe(7)).
fn start(mut job: Command) -> io::Result<Child> {
    let mut child = job.spawn()?;
    (child.stdin, child.stdout, child.stderr) = (None, None, None);
    Ok(child)
}
