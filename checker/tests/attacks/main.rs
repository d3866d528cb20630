//! What hostile submissions do to the grader, by the rows of `docs/security.md`.
//!
//! Each attack gets its verdict, the grader survives, nothing is left, and an honest answer that is
//! graded right after it, in the same place, gets all its points.

// The other tests use more of it.
#[allow(dead_code)]
#[path = "../end_to_end/archives.rs"]
mod archives;
mod attack;
#[allow(dead_code)]
#[path = "../end_to_end/class.rs"]
mod class;
mod files;
mod graded;
mod machine;
#[allow(dead_code)]
#[path = "../end_to_end/miniature.rs"]
mod miniature;
mod reports;
mod rows;
mod table;
mod traces;
mod undefended;

use graded::withstands;

/// Less memory than a host has, and time enough for a slow one.
const AMPLE: &str = "test_seconds = 30, address_space_mib = 1536";

/// As little as an honest answer can do with.
const SHORT: &str = "test_seconds = 5, compile_seconds = 15, address_space_mib = 1536";

#[test]
fn the_verdict_cannot_be_had_by_tricks() {
    withstands(rows::ON_THE_VERDICT, AMPLE);
}

#[test]
fn nothing_around_the_sources_is_built_or_run() {
    withstands(rows::AT_BUILD_TIME, AMPLE);
}

#[test]
fn a_constant_without_end_ends() {
    withstands(rows::ENDLESS_COMPILES, SHORT);
}

#[test]
fn nothing_reaches_the_host_or_the_grader() {
    withstands(rows::AT_RUN_TIME, AMPLE);
}

#[test]
fn what_never_ends_is_ended() {
    withstands(rows::THAT_WAIT, SHORT);
}
