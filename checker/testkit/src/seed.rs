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
    env::var(VARIABLE).map_or(own, |asked| of_both(&asked, own))
}

fn of_both(asked: &str, own: u64) -> u64 {
    let Ok(asked) = asked.parse::<u64>() else {
        panic!(
            "{VARIABLE}={asked}: expected a number; unset it to draw as the tests do by themselves"
        );
    };
    // The factor is odd, so that different seeds stay different.
    asked.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_gives_each_test_another_number_and_the_same_each_time() {
        let mut numbers: Vec<u64> = Vec::new();
        for asked in ["0", "1", "4711"] {
            numbers.extend([7, 12].map(|own| of_both(asked, own)));
        }
        assert_eq!(of_both("4711", 12), numbers[5]);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 6);
    }

    #[test]
    #[should_panic(expected = "SHOPFLOOR_SEED=seven: expected a number")]
    fn what_is_no_number_is_named() {
        of_both("seven", 7);
    }
}
