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
pub mod moodle;
pub mod page;
pub mod table;

use std::path::PathBuf;

use serde::Serialize;

use crate::Error;
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::scheme::Visibility;
use crate::workbook::curriculum::Curriculum;

use super::ci::{self, Sheet};
use super::format::{Format, find};
use super::{Reporter, beside_a_document, grading, human};

/// The formats that `report` has beside those of [`ci`]: a file and a line each.
pub const FORMATS: &[Format<Makes>] = &[
    grading::FORMAT,
    json_report::FORMAT,
    page::FORMAT,
    gradescope::FORMAT,
    classroom50::FORMAT,
    classroom::FORMAT,
    canvas::FORMAT,
    moodle::FORMAT,
    table::FORMAT,
];

/// What is made of a gradebook.
#[derive(Debug, Clone, Copy, Default)]
pub enum Makes {
    /// What a person reads at the terminal.
    #[default]
    Listing,
    /// What is made of everybody's sheets.
    Ci(ci::Makes),
    /// One document of the class.
    Document(fn(&Gradebook<'_>, &Options<'_>) -> String),
    /// A document for each student.
    ForEachStudent {
        /// How each is called.
        file: &'static str,
        /// Makes a student's; `None` if something is open and the format cannot say so.
        document: fn(&Gradebook<'_>, &Line<'_>, &Options<'_>) -> Result<Option<String>, Error>,
    },
    /// Pages that belong into one directory.
    Pages(fn(&Gradebook<'_>, &Options<'_>) -> Vec<Page>),
}

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

/// What a format may read beside the gradebook.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What could have been handed in, and the title.
    pub curriculum: &'a Curriculum,
    /// How the assignment is called where the grades go.
    pub assignment: &'a str,
    /// What the students' names are in Moodle.
    pub key: moodle::Key,
    /// Who sees the tests in Gradescope.
    pub visibility: Visibility,
    /// A variable of the environment.
    pub variable: fn(&str) -> Option<String>,
    /// Now, in seconds since 1970.
    pub now: u64,
}

/// A page and where it belongs, relative to the directory of all pages.
#[derive(Debug)]
pub struct Page {
    /// `index.html`, `students/ada.html`.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
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
        exercises: gradebook.found(line).collect(),
    };
    gradebook.lines.iter().map(sheet).collect()
}

/// JSON that a person can read, too.
fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a report is plain data");
    text.push('\n');
    text
}
