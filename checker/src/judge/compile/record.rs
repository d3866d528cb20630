//! What was built from what, kept beside the build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::compiled::Programs;
use crate::Error;
use crate::judge::candidate::Candidate;
use crate::system::files;

/// What was built from what.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    sources: String,
    programs: Programs,
    /// Size and time of each program: someone else may have built in the same place since.
    files: BTreeMap<PathBuf, (u64, SystemTime)>,
}

impl Record {
    pub(super) fn path(candidate: &Candidate<'_>) -> PathBuf {
        candidate.target.join("shopfloor").join(format!("{}.json", candidate.exercise.name))
    }

    pub(super) fn new(sources: String, programs: &Programs) -> Self {
        let paths = programs.tests.values().chain(programs.programs.values());
        let files = paths.filter_map(|path| Some((path.clone(), stamp(path)?))).collect();
        Self { sources, programs: programs.clone(), files }
    }

    /// A record that cannot be read counts as missing: cargo is asked again.
    pub(super) fn load(path: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string(self).expect("a record is plain data");
        files::write_atomically(path, &text)
    }

    pub(super) fn valid_for(self, sources: &str) -> Option<Programs> {
        let unchanged = self.files.iter().all(|(path, known)| stamp(path).as_ref() == Some(known));
        (self.sources == sources && unchanged).then_some(self.programs)
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
