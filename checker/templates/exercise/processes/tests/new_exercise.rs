//! TODO: what these tests ask, in a sentence. The easiest is the first.
//!
//! What forks runs in a program of its own, `src/main.rs` or `src/bin/*.rs`: `testkit::program` starts it.

use new_exercise::run;
use rstest::rstest;
use testkit::require;

#[rstest]
#[case::that_ends_well("true", true)]
#[case::that_does_not("false", false)]
fn the_end_of_a_program_is_known(#[case] program: &str, #[case] expected: bool) {
    let seen = run(program).expect("both programs are on every Linux machine");
    require!(seen == expected,
        expected: "run(\"{program}\") to be {expected}",
        seen: "{seen}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "hint 1",
    );
}
