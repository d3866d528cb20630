//! Many jobs and one CPU: whose turn it is, and how all the others are made to wait.

#![allow(unsafe_code)] // for `Command::pre_exec` and sigaction(2)

use std::io;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::policy::{News, Policy};

/// One queue, first come, first served. Every turn has the same slice.
pub struct RoundRobin {/* which jobs are ready, in which order? */}

impl RoundRobin {
    /// A policy without jobs, which gives slices of this length.
    pub fn new(slice: Duration) -> Self {
        todo!("nobody is ready; the slice is {slice:?}")
    }
}

impl Policy for RoundRobin {
    fn note(&mut self, job: usize, news: News) {
        todo!("job {job}: {news:?}. Where in the queue is it now, if at all?")
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        todo!("who has waited longest?")
    }
}

/// Two queues, each first come, first served. A new job belongs to the upper one. Once it has used
/// `quick` of CPU time, in one turn or in many, it belongs to the lower one until it ends.
///
/// Its slice is what it has left of `quick`; in the lower queue it is `slow`. No job of the lower
/// queue gets a turn while one of the upper queue is ready.
pub struct Feedback {/* what has to be remembered of a job? */}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        todo!("{quick:?} for the quick ones, turns of {slow:?} for the others")
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        todo!("job {job}: {news:?}. Which queue, and what is left of its quick time?")
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        todo!("the upper queue first")
    }
}

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    let policy = std::any::type_name_of_val(policy);
    todo!("stop each of the {} jobs, and let the one go on that {policy} names", jobs.len())
}
