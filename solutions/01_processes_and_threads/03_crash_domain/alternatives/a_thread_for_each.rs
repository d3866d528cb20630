//! A supervisor with a thread for each job: it sleeps in that job's `wait`, and `join` brings its result. The
//! jobs are started before there is any thread, and the order of the results is the order of the joins.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::{io, thread};

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
        let status = ExitStatus::from_raw(status);
        let exited = status.code().map(Self::Exited);
        let core = status.core_dumped();
        exited.or_else(|| status.signal().map(|signal| Self::Signalled { signal, core }))
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
    let started: Vec<io::Result<Child>> = jobs
        .into_iter()
        .map(|mut job| {
            let mut child = job.spawn()?;
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            Ok(child)
        })
        .collect();
    thread::scope(|scope| {
        let threads: Vec<_> =
            started.into_iter().map(|child| scope.spawn(|| ending_of(&mut child?))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

fn ending_of(child: &mut Child) -> io::Result<Ending> {
    let status = child.wait()?.into_raw();
    Ending::from_raw(status).ok_or_else(|| io::Error::other(format!("no ending: {status:#x}")))
}
