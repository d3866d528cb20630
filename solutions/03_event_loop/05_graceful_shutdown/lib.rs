//! TODO: why this works, in a sentence or two.

/// TODO: what it promises: results, errors, what it does not do.
pub fn sum(first: u32, second: u32) -> u32 {
    first + second
}
