//! The formats of `report`: pure functions from a gradebook to text.
//!
//! One format a file, and no I/O in them; `docs/reports.md` says what each is for and where it is defined.
//! What a submission says (names, messages, paths) goes through [`escape`](super::escape), always.

pub mod canvas;
pub mod classroom;
pub mod classroom50;
pub mod gradebook;
pub mod gradescope;
pub mod json_report;
pub mod listing;
mod makes;
pub mod moodle;
pub mod page;
pub mod table;

use makes::found;
pub use makes::{Key, Makes, Options, Page};

use crate::grade::gradebook::{Gradebook, Line};
use crate::report::ci::{self, Sheet};
use crate::report::format::{Format, find};
use crate::report::{Reporter, beside_a_document, human};

/// The formats that `report` has beside those of [`ci`]: a file and a line each.
pub const FORMATS: &[Format<Makes>] = &[
    listing::FORMAT,
    json_report::FORMAT,
    page::FORMAT,
    gradescope::FORMAT,
    classroom50::FORMAT,
    classroom::FORMAT,
    canvas::FORMAT,
    moodle::FORMAT,
    table::FORMAT,
];

impl Makes {
    /// What `report` makes in the format of this name, if it has it.
    pub fn named(name: &str) -> Option<Self> {
        find(FORMATS, name).or_else(|| find(ci::FORMATS, name).map(Self::Ci))
    }

    /// What reports while `report` works.
    pub fn reporter(self) -> Box<dyn Reporter> {
        match self {
            Self::Listing => (human::FORMAT.makes)(),
            _ => beside_a_document(),
        }
    }
}

/// Every student's exercises.
pub fn sheets<'a>(gradebook: &'a Gradebook<'a>) -> Vec<Sheet<'a>> {
    let maximum = gradebook.worth_of_all();
    let sheet = |line: &'a Line<'a>| Sheet {
        student: Some(&line.stored.submission.student),
        points: Some(match line.open() {
            0 => format!("{} of {maximum}", line.total()),
            open => format!("{} ({open} open) of {maximum}", line.total_in_words()),
        }),
        unreadable: line.stored.unreadable.as_deref(),
        exercises: found(gradebook, line).collect(),
    };
    gradebook.lines.iter().map(sheet).collect()
}
