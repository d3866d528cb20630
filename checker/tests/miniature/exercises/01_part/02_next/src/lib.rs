//! A miniature.

/// The answer, which is 42.
pub fn next() -> u32 {
    todo!("what is the answer?")
}
