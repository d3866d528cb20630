//! Programs that contain nothing of the candidate's code: they are compiled once for a place where one candidate
//! after the other is laid, and kept. Their paths, and those of the programs that they run, are the same for all.
//!
//! Whether a program is one of them is tried: it is compiled without the candidate's library, and its list of what
//! was read has none of the candidate's files. If it reads one, it is compiled for each candidate, but the library
//! is not: a test under an explorer takes the learner's file in by its path.

use std::fs;
use std::path::{Path, PathBuf};

use super::dep_info;
use super::recipe::{Call, Product};
use crate::Error;
use crate::judge::candidate::Candidate;

/// What of the candidate a program is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MadeFrom {
    /// The library.
    Library,
    /// Its files alone.
    Files,
    /// Nothing: the program is kept.
    Nothing,
}

/// A program that may be kept, and where.
pub(super) struct Kept {
    program: PathBuf,
    /// Is there if the program is made from the candidate's files without the library, in every place.
    of_files: PathBuf,
    /// Is there if it needs the library, in every place.
    of_library: PathBuf,
    /// Its place in the candidate's target directory.
    output: PathBuf,
}

impl Kept {
    /// Where a call's program would be kept; `None` where none are, and for a library.
    pub(super) fn of(candidate: &Candidate<'_>, call: &Call) -> Option<Self> {
        let place = candidate.kept.as_ref()?;
        let name = Path::new(&candidate.exercise.name).join(call.file_name());
        let in_all_places = |directory| place.with_file_name(directory).join(&name);
        (call.makes != Product::Library).then(|| Self {
            program: place.join(&name),
            of_files: in_all_places("of-files"),
            of_library: in_all_places("of-the-library"),
            output: candidate.target.join(call.file_name()),
        })
    }

    /// What the program is known to be made from.
    pub(super) fn known(&self) -> Option<MadeFrom> {
        let known = [
            (&self.of_library, MadeFrom::Library),
            (&self.of_files, MadeFrom::Files),
            (&self.program, MadeFrom::Nothing),
        ];
        known.into_iter().find(|(path, _)| path.exists()).map(|(_, made_from)| made_from)
    }

    /// Puts the kept program into its place.
    pub(super) fn take(&self) -> Result<(), Error> {
        fs::hard_link(&self.program, &self.output).map_err(Error::writing(&self.output))
    }

    /// Notes what a program that was compiled without the library is made from, and keeps it if that is nothing of
    /// the candidate's.
    pub(super) fn note(
        &self,
        candidate: &Candidate<'_>,
        is_compiled: bool,
    ) -> Result<MadeFrom, Error> {
        let mut edited =
            candidate.exercise.edit.iter().map(|file| candidate.directory().join(file));
        let (path, made_from) = if !is_compiled {
            (&self.of_library, MadeFrom::Library)
        } else if dep_info::reads_one_of(candidate, &self.output, &mut edited) {
            (&self.of_files, MadeFrom::Files)
        } else {
            (&self.program, MadeFrom::Nothing)
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(directory).map_err(Error::writing(directory))?;
        let written = match made_from {
            MadeFrom::Nothing => fs::hard_link(&self.output, path),
            MadeFrom::Library | MadeFrom::Files => fs::write(path, ""),
        };
        written.map_err(Error::writing(path))?;
        Ok(made_from)
    }
}
