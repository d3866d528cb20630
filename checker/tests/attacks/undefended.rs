//! What is not defended, as it is. When one of these fails, a defence has been found: move it to the rows.

use crate::attack::Source::Text;
use crate::attack::{ALWAYS, Attack};
use crate::graded::withstands;

pub const UNDEFENDED: &[Attack] = &[Attack {
    name: "fits its answers to the lines of the tests",
    rows: &[7],
    hands_in: Text(
        r#"//! Another answer for each test: its line is known to everybody.
/// The answer.
#[track_caller]
pub fn answer() -> u32 {
    match std::panic::Location::caller().line() {
        5 => 2,
        _ => 42,
    }
}
"#,
    ),
    verdict: "passed",
    needs: ALWAYS,
}];

#[test]
fn what_is_not_defended_is_as_the_documentation_says() {
    withstands(UNDEFENDED, crate::AMPLE);
}
