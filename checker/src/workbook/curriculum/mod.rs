//! `exercises/curriculum.toml`: order, titles, claims, points, limits. Loaded and validated.

mod claims;
mod groups;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use crate::Error;
use crate::workbook::capability::Capability;

pub use claims::{Claim, ClaimVerdict, SHORT};
pub use groups::{EXPERIMENT, Group, LARGEST_SHARE, Pattern, Problem, fits};

/// Where the curriculum lies in a workbook.
pub const FILE: &str = "exercises/curriculum.toml";

/// What marks a text that its author has yet to write.
pub const PLACEHOLDER: &str = "TODO";

/// The workbook's order of things.
#[derive(Debug, Clone)]
pub struct Curriculum {
    /// The workbook's name.
    pub title: String,
    /// The claims of the lecture notes, in their order.
    pub claims: Vec<Claim>,
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// The exercises of all parts, in order.
    pub exercises: Vec<Exercise>,
    /// How many solutions every exercise has at least.
    pub at_least: AtLeast,
}

/// How many solutions an exercise has at least, beside its reference; `checker verify` asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AtLeast {
    /// Right ones in other styles.
    pub alternatives: usize,
    /// Known-wrong ones.
    pub wrong: usize,
}

impl Default for AtLeast {
    fn default() -> Self {
        Self { alternatives: 3, wrong: 1 }
    }
}

/// A part of the workbook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its number, from 1.
    pub number: u32,
    /// Its directory below `exercises/`.
    pub directory: String,
    pub title: String,
}

/// An exercise.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Its number, such as 2.3.
    pub number: Number,
    /// Its name, which is its package's name: `semaphore`.
    pub name: String,
    /// Its directory below `exercises/`: `02_locks_and_keys/03_semaphore`.
    pub directory: String,
    pub title: String,
    /// The claims of the notes that it puts to the test: `C7`.
    pub claims: Vec<String>,
    /// What it is worth.
    pub points: u32,
    /// The stages of its task; without them every test function counts the same.
    pub groups: Vec<Group>,
    /// The files that the learner edits, relative to the exercise.
    pub edit: Vec<PathBuf>,
    /// What the tests of a target need of the machine, by target.
    pub needs: BTreeMap<String, Capability>,
    /// The longest time that one test may take before it counts as hung.
    pub test_deadline: Duration,
    /// The most address space that a test may use, in bytes.
    pub address_space: Option<u64>,
    /// The longest time that its compilation may take.
    pub compile_deadline: Duration,
}

/// Part and place of an exercise: 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    pub part: u32,
    /// The place in the part.
    pub place: u32,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.part, self.place)
    }
}

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (part, place) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(drop);
        Ok(Self { part: number(part)?, place: number(place)? })
    }
}

impl Curriculum {
    /// The exercises of one part, in order.
    pub fn exercises_of(&self, part: &Part) -> impl Iterator<Item = &Exercise> {
        self.exercises.iter().filter(|exercise| exercise.number.part == part.number)
    }

    /// The part with this number (`2`) or path.
    pub fn part(&self, asked: &str) -> Option<&Part> {
        let trimmed = asked.trim_end_matches('/');
        let number = trimmed.parse().ok();
        self.parts.iter().find(|part| {
            Some(part.number) == number || Path::new(trimmed).ends_with(&part.directory)
        })
    }

    /// Whether a number is left out before the last one of a part.
    pub fn has_holes(&self) -> bool {
        self.parts.iter().any(|part| {
            self.exercises_of(part).zip(1..).any(|(it, place)| it.number.place != place)
        })
    }

    /// The exercise with this name (`semaphore`), number (`2.3`) or path.
    pub fn find(&self, asked: &str) -> Result<&Exercise, Error> {
        let trimmed = asked.trim_end_matches('/');
        let by_number = trimmed.parse::<Number>().ok();
        let found = self.exercises.iter().find(|exercise| {
            exercise.name == trimmed
                || Some(exercise.number) == by_number
                || exercise.directory == trimmed
                || Path::new(trimmed).ends_with(&exercise.directory)
                || exercise.directory.rsplit('/').next() == Some(trimmed)
        });
        found.ok_or_else(|| Error::UnknownExercise {
            asked: asked.to_owned(),
            nearest: self.nearest(trimmed),
        })
    }

    fn nearest(&self, asked: &str) -> Vec<String> {
        /// Below this, two names have little more than a few letters in common.
        const ALIKE: f64 = 0.75;
        let mut alike: Vec<(f64, &str)> = self
            .exercises
            .iter()
            .map(|exercise| (strsim::jaro_winkler(asked, &exercise.name), exercise.name.as_str()))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        alike.into_iter().take(2).map(|(_, name)| format!("`{name}`")).collect()
    }
}

#[cfg(test)]
impl Exercise {
    /// One for unit tests, whose compiler and tests have this much time.
    pub(crate) fn example(deadline: Duration) -> Self {
        Self {
            number: Number { part: 1, place: 1 },
            name: "answer".into(),
            directory: "01_part/01_answer".into(),
            title: String::new(),
            claims: Vec::new(),
            points: 1,
            groups: Vec::new(),
            edit: Vec::new(),
            needs: BTreeMap::new(),
            test_deadline: deadline,
            address_space: None,
            compile_deadline: deadline,
        }
    }
}

impl Exercise {
    /// Its directory in the workbook at `root`.
    pub fn path(&self, root: &Path) -> PathBuf {
        root.join("exercises").join(&self.directory)
    }

    /// The file that the learner edits first, from the workbook's root.
    pub fn main_file(&self) -> PathBuf {
        Path::new("exercises").join(&self.directory).join(&self.edit[0])
    }
}
