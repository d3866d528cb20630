//! The right answer.

/// The answer.
pub fn answer() -> u32 {
    42
}
