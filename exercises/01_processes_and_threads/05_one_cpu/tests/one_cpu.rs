//! TODO: what these tests ask, in a sentence. The easiest is the first.
//!
//! What forks runs in a program of its own, `src/main.rs` or `src/bin/*.rs`: `testkit::program` starts it.

use one_cpu::run;
use rstest::rstest;
use testkit::require;

#[rstest]
#[case::first_the_one_that_ends_well([("true", true), ("false", false)])]
#[case::first_the_one_that_does_not([("false", false), ("true", true)])]
fn the_end_of_a_program_is_known(#[case] programs: [(&str, bool); 2]) {
    let run = |(program, _)| run(program).expect("both programs are on every Linux machine");
    let (seen, expected) = (programs.map(run), programs.map(|(_, expected)| expected));
    let names = programs.map(|(program, _)| program);
    require!(seen == expected,
        expected: "{expected:?} of the programs {names:?}",
        seen: "{seen:?}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "hint 1",
    );
}
