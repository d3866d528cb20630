//! What a scheduler and a policy tell each other. Given.

use std::time::Duration;

/// Says whose turn it is. It knows jobs by their numbers; it starts, stops and measures nothing.
///
/// After `next` has given a job, it is not called again until that job has expired, blocked or
/// ended. Other jobs may arrive or end meanwhile.
pub trait Policy {
    /// Takes note of what became of a job.
    fn note(&mut self, job: usize, news: News);

    /// The job whose turn it is, taken from those that are ready, and its slice: how much CPU time it
    /// may use in this turn. `None` if no job is ready.
    fn next(&mut self) -> Option<(usize, Duration)>;
}

/// What became of a job.
#[derive(Debug, Clone, Copy)]
pub enum News {
    /// It is ready from now on: it is new, or was blocked.
    Arrived,
    /// Its turn is over, because it has used its slice up. It is ready again.
    Expired {
        /// The CPU time that it has used in this turn: its slice, or somewhat more.
        used: Duration,
    },
    /// Its turn is over, because it has stopped by itself before its slice was used up. It is not
    /// ready until it arrives again.
    Blocked {
        /// The CPU time that it has used in this turn.
        used: Duration,
    },
    /// It has ended: in its turn, while it was ready, or while it was blocked. If its number arrives
    /// again, that is a new job.
    Ended,
}
