//! A miniature.

/// The answer, which is 42.
pub fn answer() -> u32 {
    todo!("what is the answer?")
}
