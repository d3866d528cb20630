//! What hostile submissions do to the grader, by the rows of `docs/security.md`.
//!
//! Each attack gets its verdict, the grader survives, nothing is left, and an honest answer that is
//! graded right after it, in the same place, gets all its points.

#[path = "../end_to_end/archives.rs"]
mod archives;
mod attack;
#[path = "../end_to_end/class.rs"]
mod class;
mod graded;
#[path = "../end_to_end/miniature.rs"]
mod miniature;
mod rows;
mod traces;

use graded::withstands;

#[test]
fn the_verdict_cannot_be_had_by_tricks() {
    withstands(rows::ON_THE_VERDICT);
}

#[test]
fn nothing_around_the_sources_is_built_or_run() {
    withstands(rows::AT_BUILD_TIME);
}

#[test]
fn a_constant_without_end_ends() {
    withstands(rows::ENDLESS_COMPILES);
}

#[test]
fn nothing_reaches_the_host_or_the_grader() {
    withstands(rows::AT_RUN_TIME);
}

#[test]
fn what_never_ends_is_ended() {
    withstands(rows::THAT_WAIT);
}
