//! Ends by a signal that has a number and no name.

unsafe extern "C" {
    safe fn raise(signal: i32) -> i32;
}

/// The answer.
pub fn answer() -> u32 {
    raise(40);
    42
}
