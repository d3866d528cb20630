//! What became of the mutants of a reference solution.

use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::workbook::curriculum::Exercise;

/// Whose operators made the mutants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Operators {
    /// cargo-mutants': a `<` for a `<=`, a function that returns a constant.
    #[serde(rename = "language")]
    #[value(name = "language")]
    OfTheLanguage,
    /// Mistakes with threads, processes and descriptors.
    #[serde(rename = "field")]
    #[value(name = "field")]
    OfTheField,
}

impl Operators {
    /// In words, after "mutants".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::OfTheLanguage => "of the language",
            Self::OfTheField => "of the field",
        }
    }
}

/// What became of an exercise's mutants.
#[derive(Debug, Clone)]
pub struct Mutated<'a> {
    pub exercise: &'a Exercise,
    pub operators: Operators,
    /// How many a test noticed.
    pub killed: usize,
    /// In how many a test did not come to an end.
    pub endless: usize,
    /// How many are no program.
    pub not_compiled: usize,
    /// Those that no test noticed.
    pub survivors: Vec<Survivor>,
    /// Listed as equivalent, and no survivor.
    pub gone: Vec<String>,
}

impl<'a> Mutated<'a> {
    /// No mutant yet.
    pub fn new(exercise: &'a Exercise, operators: Operators) -> Self {
        Self {
            exercise,
            operators,
            killed: 0,
            endless: 0,
            not_compiled: 0,
            survivors: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// How much is not as it must be.
    pub fn problems(&self) -> usize {
        self.unlisted().count() + self.gone.len()
    }

    /// The survivors that nobody has given a reason for.
    pub fn unlisted(&self) -> impl Iterator<Item = &Survivor> {
        self.survivors.iter().filter(|survivor| !survivor.is_listed)
    }
}

/// A mutant that no test noticed.
#[derive(Debug, Clone, Serialize)]
pub struct Survivor {
    /// The file in the exercise, and what was done to it.
    pub mutant: String,
    /// The line's number.
    pub line: usize,
    /// The line, as it stands in the solution.
    pub text: String,
    /// Whether it is listed as equivalent.
    pub is_listed: bool,
}

impl Survivor {
    /// A change of this line of a file.
    pub fn new(file: &Path, line: usize, text: &str, change: &str) -> Self {
        let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
        Self { mutant: format!("{}: {change}", file.display()), line, text, is_listed: false }
    }
}
