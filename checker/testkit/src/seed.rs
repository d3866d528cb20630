//! The seed of what a test draws at random: its own, so that it does the same every time, or one that is chosen
//! when submissions are graded.

use std::env;

/// Names the seed that everything is drawn from.
const VARIABLE: &str = "SHOPFLOOR_SEED";

/// `own`, or where the environment names a seed, a number made of both.
///
/// # Panics
///
/// If what the environment names is no number.
pub fn seed(own: u64) -> u64 {
    let Ok(asked) = env::var(VARIABLE) else { return own };
    let Ok(asked) = asked.parse::<u64>() else {
        panic!(
            "{VARIABLE}={asked}: expected a number; unset it to draw what the tests draw by themselves"
        );
    };
    // Odd, so that different seeds stay different.
    asked.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ own
}
