//! Formats that graders and CI systems read: pure functions from finished values to text.
//!
//! One format a file, and no I/O in them; `docs/reports.md` says what each is for and where it is defined.
//! What a submission says (names, messages, paths) goes through [`escape`], always.

#[cfg(feature = "grade")]
pub mod canvas;
#[cfg(feature = "grade")]
pub mod classroom;
pub mod escape;
pub mod github;
#[cfg(feature = "grade")]
pub mod gradescope;
#[cfg(feature = "grade")]
pub mod json_report;
#[cfg(feature = "junit")]
pub mod junit;
#[cfg(feature = "grade")]
pub mod moodle;
mod sheet;
#[cfg(feature = "grade")]
pub mod table;

pub use sheet::{Found, Sheet};

#[cfg(feature = "grade")]
use serde::Serialize;

/// JSON that a person can read, too.
#[cfg(feature = "grade")]
fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a report is plain data");
    text.push('\n');
    text
}
