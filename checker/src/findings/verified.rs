//! What was verified of an exercise, for its author.

use std::fmt;

use crate::solutions::{Degenerate, Kind};
use crate::workbook::curriculum::Exercise;

/// What was found out about an exercise.
#[derive(Debug, Clone)]
pub struct Verified<'a> {
    pub exercise: &'a Exercise,
    /// How many of the stub's tests fail, and how many there are.
    pub stub: (usize, usize),
    /// How many tests the solution passes.
    pub solution: usize,
    /// The right solutions in other styles.
    pub alternatives: Vec<Alternative>,
    /// The known-wrong solutions.
    pub wrong: Vec<Wrong>,
    /// The kinds of mistakes that it gives no occasion for.
    pub not_applicable: Vec<Kind>,
    /// The candidates that do nothing, and the tests that pass on each all the same.
    pub degenerate: Vec<DoesNothing>,
    /// Everything that is not as it must be.
    pub problems: Vec<String>,
}

impl Verified<'_> {
    /// How many known-wrong solutions make this kind of mistake.
    pub fn count_of(&self, kind: Kind) -> usize {
        self.wrong.iter().filter(|wrong| wrong.kind == Some(kind)).count()
    }
}

/// What became of a degenerate candidate.
#[derive(Debug, Clone)]
pub struct DoesNothing {
    /// What it does in place of its task.
    pub candidate: Degenerate,
    /// The tests that pass on it and must not, `TARGET::NAME`.
    pub passing: Vec<String>,
}

/// What became of an alternative.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Its file's name without the extension.
    pub name: String,
    /// Whether it passes, as it must.
    pub passes: bool,
}

/// What became of a known-wrong solution.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// Its file's name without the extension.
    pub name: String,
    /// The kind of its mistake, if it says one.
    pub kind: Option<Kind>,
    /// The test that caught it, if it was caught as declared.
    pub caught_by: Option<String>,
    /// What it would earn, if that was asked.
    pub earned: Option<Earned>,
}

/// What code would earn by the curriculum, in hundredths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    pub hundredths: u64,
    /// What the exercise is worth.
    pub possible: u64,
}

impl Earned {
    /// Whether it is more than two thirds: for code that misses the point that would be too much.
    pub fn is_much(self) -> bool {
        self.hundredths * 3 > self.possible * 2
    }
}

/// `6.5 of 10`.
impl fmt::Display for Earned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = |hundredths: u64| hundredths as f64 / 100.0;
        write!(f, "{} of {}", points(self.hundredths), points(self.possible))
    }
}
