//! The workbook: its root directory, its curriculum, and where its things lie.

pub mod capability;
pub mod curriculum;
pub mod edit;
pub mod hints;
pub mod pins;
pub mod readme;
pub mod settings;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::workbook::settings::Settings;
use curriculum::{Curriculum, Exercise};

/// The crates that the tests of the exercises link, from the root. A workbook need not have them.
pub const TEST_CRATES: [&str; 5] = [
    "checker/evidence",
    "checker/procfs",
    "checker/schedules",
    "checker/testkit",
    "checker/tracer",
];

/// A workbook that has been found and read.
#[derive(Debug, Clone)]
pub struct Workbook {
    /// Its root, absolute.
    pub root: PathBuf,
    /// Its curriculum.
    pub curriculum: Curriculum,
    /// What its builds obey besides the sources.
    pub settings: Arc<Settings>,
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
        if root.to_str().is_none() {
            return Err(Error::Format {
                path: root,
                problem:
                    "the path of the workbook is not UTF-8, and neither cargo nor the compiler is \
                          reliable then"
                        .to_owned(),
                remedy: "Rename the directory, or move the workbook to another one.".to_owned(),
            });
        }
        let curriculum = Curriculum::load(&root)?;
        let settings = Arc::new(Settings::new(&root));
        Ok(Self { root, curriculum, settings })
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
