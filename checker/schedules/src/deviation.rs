//! Where a schedule deviates from the plain one.

/// What is chosen at one decision of an execution, where it is not the plain choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// Which decision of the execution, from 0.
    pub at: usize,
    pub choice: usize,
}
