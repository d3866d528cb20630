//! Forks, and both return into the test.

unsafe extern "C" {
    safe fn fork() -> i32;
}

/// The answer.
pub fn answer() -> u32 {
    fork();
    42
}
