//! Is wrong by one.

/// The answer.
pub fn answer() -> u32 {
    44
}
