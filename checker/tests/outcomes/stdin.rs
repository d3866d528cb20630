//! Reads standard input to its end.

/// The answer.
pub fn answer() -> u32 {
    42 + std::io::read_to_string(std::io::stdin()).unwrap().len() as u32
}
