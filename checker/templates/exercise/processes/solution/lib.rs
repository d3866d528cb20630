//! TODO: why this works, in a sentence or two.

use std::io;
use std::process::Command;

/// TODO: what it promises: results, errors, what it does not do.
pub fn run(program: &str) -> io::Result<bool> {
    Ok(Command::new(program).status()?.success())
}
