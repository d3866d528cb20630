//! What a scenario asks for, in the learner's words.

/// What a learner needs to hear when a scenario fails, beside the timeline.
#[derive(Debug, Clone, Copy)]
pub struct Expect {
    /// What holds in every schedule.
    pub expected: &'static str,
    /// The mistake that most often breaks it.
    pub likely: &'static str,
    /// Where to read about it: a README section, a man page, a hint.
    pub read: &'static str,
}
