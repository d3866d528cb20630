//! The pieces that a platform has put its students' uploads into.

use std::path::{Path, PathBuf};

use crate::grade::intake::names::stem;
use crate::grade::intake::remark::Remark;

/// Something that lies where the uploads are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its name, as a text.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) is_directory: bool,
}

impl Item {
    pub(super) fn new(path: &Path, is_directory: bool) -> Self {
        Self { name: path.to_string_lossy().into_owned(), path: path.to_owned(), is_directory }
    }

    /// Its student, if it may be anybody's upload.
    pub(super) fn student(&self) -> Option<&str> {
        if self.is_directory { Some(&self.name) } else { stem(&self.name) }
    }
}

/// What a platform's name says of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// The student's key.
    pub(super) student: String,
    /// The student's name.
    pub(super) name: Option<String>,
    /// When it was handed in.
    pub(super) handed_in: Option<String>,
    /// The newest one of a student counts.
    pub(super) attempt: Option<(u64, String)>,
    /// The file's own name and which upload of it this is: the newest counts.
    pub(super) file: Option<(String, u64)>,
    /// Written by the platform, not by the student.
    pub(super) is_receipt: bool,
    pub(super) remarks: Vec<Remark>,
}

/// What a platform's names say of all items.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    pub(super) found: Vec<(Item, Piece)>,
    /// What the platform's list names and is not there.
    pub(super) missing: Vec<(String, Piece)>,
    /// What has another name than the platform gives.
    pub(super) rest: Vec<Item>,
}

impl Pieces {
    /// `None` if no name is the platform's.
    pub(super) fn new(items: &[Item], piece: impl Fn(&Item) -> Option<Piece>) -> Option<Self> {
        let mut pieces = Self::default();
        for item in items {
            match piece(item) {
                Some(piece) => pieces.found.push((item.clone(), piece)),
                None => pieces.rest.push(item.clone()),
            }
        }
        (!pieces.found.is_empty()).then_some(pieces)
    }
}

/// Whose an item of this name is, for the tests of one platform.
#[cfg(test)]
pub(super) fn student_of(recognise: fn(&[Item]) -> Option<Pieces>, name: &str) -> Option<String> {
    let pieces = recognise(&[Item::new(Path::new(name), false)])?;
    Some(pieces.found[0].1.student.clone())
}
