//! TODO: what this file holds, in a sentence.

use std::io;

/// TODO: what it promises: results, errors, what it does not do.
pub fn run(program: &str) -> io::Result<bool> {
    todo!("TODO: a nudge that uses the arguments: start {program}, wait for it, say how it ended")
}
