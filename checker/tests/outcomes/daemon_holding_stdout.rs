//! Leaves a process that holds standard output.

use std::process::Command;

/// The answer.
pub fn answer() -> u32 {
    #[allow(clippy::zombie_processes)]
    Command::new("sleep").arg("1000").spawn().unwrap();
    42
}
