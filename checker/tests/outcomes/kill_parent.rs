//! Kills its parent.

unsafe extern "C" {
    safe fn getppid() -> i32;
    safe fn kill(pid: i32, signal: i32) -> i32;
}

/// The answer.
pub fn answer() -> u32 {
    kill(getppid(), 9);
    42
}
