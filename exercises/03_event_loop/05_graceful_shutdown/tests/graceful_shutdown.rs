//! TODO: what these tests ask, in a sentence. The easiest is the first.

use graceful_shutdown::sum;
use rstest::rstest;
use testkit::require;

#[rstest]
#[case::of_two_equal_numbers(2, 2, 4)]
#[case::of_two_numbers(2, 3, 5)]
fn a_sum_has_both_numbers_in_it(#[case] first: u32, #[case] second: u32, #[case] expected: u32) {
    let seen = sum(first, second);
    require!(seen == expected,
        expected: "sum({first}, {second}) to be {expected}",
        seen: "{seen}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "hint 1",
    );
}
