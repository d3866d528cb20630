//! Panics.

/// The answer.
pub fn answer() -> u32 {
    panic!("the learner's own words")
}
