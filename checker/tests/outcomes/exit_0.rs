//! Exits with success in the middle of a test.

/// The answer.
pub fn answer() -> u32 {
    std::process::exit(0)
}
