//! TODO: what this file holds, in a sentence.

/// TODO: what it promises: results, errors, what it does not do.
pub fn sum(first: u32, second: u32) -> u32 {
    todo!("TODO: a nudge that uses the arguments: add {first} and {second}")
}
