//! What a scenario asks for, in the learner's words.

/// What a learner needs to hear when a scenario fails, beside the timeline.
#[derive(Debug, Clone, Copy)]
pub struct Expect {
    /// What holds in every schedule.
    pub expected: &'static str,
    /// The mistake that most often breaks it.
    pub likely: &'static str,
    /// Which failures that mistake leads to; of others a general cause is told.
    pub explains: Explains,
    /// Where to read about it: a README section, a man page, a hint.
    pub read: &'static str,
}

/// The failures that a scenario's `likely` is true of, beside those that it finds out itself: a broken
/// invariant, a data race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explains {
    /// No others.
    Invariants,
    /// Threads that sleep, and nobody is left to wake them.
    LostWakeUps,
    /// Threads that wait for each other's locks, or run on and on.
    Deadlocks,
    /// Everything that keeps threads from their end.
    AllThatIsStuck,
}
