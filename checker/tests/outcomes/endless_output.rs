//! Prints for ever.

/// The answer.
pub fn answer() -> u32 {
    loop {
        println!("and so on");
    }
}
