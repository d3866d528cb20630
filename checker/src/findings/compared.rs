//! A learner's file and the reference's.

/// A file of the reference's, and the learner's beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Name and text of the learner's; nothing while it is the stub.
    pub yours: Option<(String, String)>,
    /// Name and text of the reference's.
    pub reference: (String, String),
}
