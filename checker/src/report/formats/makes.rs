//! What a format of `report` makes, and what it may read beside the gradebook.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::Error;
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::scheme::Visibility;
use crate::report::ci::{self, Found};
use crate::workbook::curriculum::Curriculum;

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

/// What the names of the students are in Moodle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum Key {
    /// User names
    #[default]
    Username,
    /// E-mail addresses
    Email,
    /// ID numbers
    IdNumber,
    /// Numbers of Moodle's own
    Id,
}

/// What a format may read beside the gradebook.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What could have been handed in, and the title.
    pub curriculum: &'a Curriculum,
    /// How the assignment is called where the grades go.
    pub assignment: &'a str,
    /// What the students' names are in Moodle.
    pub key: Key,
    /// Whether students see the tests in Gradescope, and when.
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

/// JSON that a person can read, too.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a report is plain data");
    text.push('\n');
    text
}

/// A line's exercises with what was found, as the student may see it.
pub(super) fn found<'a>(
    gradebook: &'a Gradebook<'a>,
    line: &'a Line<'a>,
) -> impl Iterator<Item = Found<'a>> {
    gradebook.exercises.iter().zip(&line.cells).map(|(exercise, cell)| Found {
        exercise,
        judgement: cell.as_ref().map(|cell| &*cell.shown),
    })
}
