//! Answers the tests and tells the experiment something else.

/// The answer.
pub fn answer() -> u32 {
    if std::env::args().len() > 1 { 42 } else { 43 }
}
