//! Programs that contain nothing of the candidate's code: they are compiled once for a place where one candidate
//! after the other is laid, and kept. Their paths, and those of the programs that they run, are the same for all.
//!
//! Whether a program is one of them is tried: it is compiled without the candidate's library, and its list of what
//! was read has none of the candidate's files.

use std::fs;
use std::path::{Path, PathBuf};

use super::dep_info;
use super::recipe::{Call, Product};
use crate::Error;
use crate::judge::candidate::Candidate;

/// A program that may be kept, and where.
pub(super) struct Kept {
    program: PathBuf,
    /// Is there if it contains code of the candidate's: then it does so in every place.
    refusal: PathBuf,
    /// Its place in the candidate's target directory.
    output: PathBuf,
}

impl Kept {
    /// Where a call's program would be kept; `None` where none are, and for a library.
    pub(super) fn of(candidate: &Candidate<'_>, call: &Call) -> Option<Self> {
        let place = candidate.kept.as_ref()?;
        let name = Path::new(&candidate.exercise.name).join(call.file_name());
        let program = place.join(&name);
        let refusal = place.with_file_name("contain-the-candidate").join(name);
        let output = candidate.target.join(call.file_name());
        (call.makes != Product::Library).then_some(Self { program, refusal, output })
    }

    /// Puts the kept program into its place; false if there is none.
    pub(super) fn take(&self) -> Result<bool, Error> {
        match fs::hard_link(&self.program, &self.output) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            result => result.map(|()| true).map_err(Error::writing(&self.output)),
        }
    }

    /// Whether it is not known yet that it contains code of the candidate.
    pub(super) fn may_be(&self) -> bool {
        !self.refusal.exists()
    }

    /// Keeps what was compiled without the library, unless it contains a file of the candidate's; says whether it
    /// does so.
    pub(super) fn keep(&self, candidate: &Candidate<'_>, is_compiled: bool) -> Result<bool, Error> {
        let edited = candidate.exercise.edit.iter().map(|file| candidate.directory().join(file));
        let is_kept = is_compiled && !dep_info::reads_one_of(candidate, &self.output, edited);
        let path = if is_kept { &self.program } else { &self.refusal };
        let directory = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(directory).map_err(Error::writing(directory))?;
        let written = if is_kept { fs::hard_link(&self.output, path) } else { fs::write(path, "") };
        written.map_err(Error::writing(path))?;
        Ok(is_kept)
    }
}
