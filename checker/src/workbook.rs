//! The workbook: its root directory, its curriculum, and where its things lie.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::curriculum::{self, Curriculum, Exercise};

/// The crates of the tooling that the tests of exercises stand on, where a workbook has them.
pub const UNDER_THE_TESTS: [&str; 2] = ["checker/testkit", "checker/tracer"];

/// A workbook that has been found and read.
#[derive(Debug, Clone)]
pub struct Workbook {
    /// Its root, absolute.
    pub root: PathBuf,
    /// Its curriculum.
    pub curriculum: Curriculum,
}

impl Workbook {
    /// Opens the workbook that `start` lies in.
    pub fn open(start: &Path) -> Result<Self, Error> {
        let none = || Error::NoWorkbook { start: start.to_owned() };
        // Without links and `..`: cargo names its files that way, and they are compared with ours.
        let start = fs::canonicalize(start).map_err(|_| none())?;
        let root = start
            .ancestors()
            .find(|directory| directory.join(curriculum::FILE).is_file())
            .ok_or_else(none)?
            .to_owned();
        let curriculum = Curriculum::load(&root)?;
        Ok(Self { root, curriculum })
    }

    /// The directory of an exercise.
    pub fn exercise_path(&self, exercise: &Exercise) -> PathBuf {
        exercise.path(&self.root)
    }

    /// The directory of an exercise's reference solution; a workbook may come without.
    pub fn solution_path(&self, exercise: &Exercise) -> PathBuf {
        self.root.join("solutions").join(&exercise.directory)
    }

    /// What the checker remembers: progress, backups.
    pub fn state_path(&self) -> PathBuf {
        self.root.join(".shopfloor")
    }

    /// Where the learner's code is built, as cargo does it by itself.
    pub fn target_path(&self) -> PathBuf {
        self.root.join("target")
    }
}
