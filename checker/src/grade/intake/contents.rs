//! What of an upload is held in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::remark::Remark;
use super::upload::Unreadable;
use crate::grade::taken::Entry;

/// What was found in an upload.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    /// What lies in directories of exercises, or may hide one, by path.
    pub(super) entries: BTreeMap<PathBuf, Entry>,
    /// What looks like an exercise and lies somewhere else.
    pub(super) strays: Vec<Stray>,
    /// What cannot be read: archives and directories.
    pub(super) closed: Vec<(PathBuf, String)>,
    /// Why nothing counts.
    pub(super) failed: Option<Unreadable>,
}

/// Something that looks like an exercise, but does not lie where one belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stray {
    pub(super) exercise: String,
    /// The directory, or the file that tells.
    pub(super) path: PathBuf,
}

impl Contents {
    /// What cannot be read, for a person.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let remark = |(path, why): &(PathBuf, String)| Remark::Closed {
            path: path.display().to_string(),
            why: why.clone(),
        };
        self.closed.iter().map(remark).collect()
    }
}
