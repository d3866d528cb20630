//! What was uploaded, and what decides what is found in it; nothing of it is read yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use unicode_normalization::UnicodeNormalization;

use super::archive::Reading;
use super::remark::Remark;
use crate::workbook::curriculum::Curriculum;
use crate::workbook::pins::Pins;

/// One student's submission.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submission {
    /// Who handed it in; unique.
    pub student: String,
    /// Where it lies.
    pub origin: PathBuf,
    /// How many days late it came, if a roster says so.
    pub days_late: Option<u32>,
}

impl Submission {
    /// Whether there is one: a roster may name a student who has handed in nothing.
    pub fn is_handed_in(&self) -> bool {
        !self.origin.as_os_str().is_empty()
    }

    /// How many days late it came, as far as is known.
    pub fn days_late(&self) -> u32 {
        self.days_late.unwrap_or(0)
    }
}

/// What decides what is found in an upload.
#[derive(Debug)]
pub struct Rules<'a> {
    pub curriculum: &'a Curriculum,
    /// What was given, by exercise.
    pub pins: &'a BTreeMap<String, Pins>,
    /// Whether uploads are taken that were made with another version of the workbook.
    pub other_versions: bool,
    /// How archives are read.
    pub reading: Reading<'a>,
}

/// What one student has uploaded; nothing of it is read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Who, where, how late.
    pub submission: Submission,
    /// The student's name, where the platform says it beside the key.
    pub name: Option<String>,
    /// When, in the platform's words.
    pub handed_in: Option<String>,
    /// What is to be said of it so far.
    pub remarks: Vec<Remark>,
    pub(super) place: Place,
}

/// Where the files of an upload are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A roster names none.
    Nothing,
    /// Directories, archives and files.
    Parts(Vec<PathBuf>),
    /// In an archive, all that lies at one of these paths.
    Members { archive: PathBuf, members: Vec<PathBuf> },
    /// Nowhere, although it should be there.
    Missing(String),
}

impl Upload {
    pub(super) fn new(submission: Submission) -> Self {
        let (name, handed_in, remarks) = (None, None, Vec::new());
        Self { submission, name, handed_in, remarks, place: Place::Nothing }
    }
}

/// A submission that cannot be read, through its own fault: a broken archive, a bomb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

/// A student's name, composed as far as it goes: a name is the same in each Unicode form.
pub fn normal_form(name: &str) -> String {
    name.nfc().collect()
}
