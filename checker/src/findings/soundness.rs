//! How often the same code got another verdict.

use std::fmt::Display;

use crate::workbook::curriculum::Exercise;

/// What was seen of an exercise.
#[derive(Debug)]
pub struct Soundness<'a> {
    pub exercise: &'a Exercise,
    /// The runs of the solution.
    pub solution: Tally,
    /// The runs of each alternative.
    pub alternatives: Vec<Tally>,
    /// The runs of each known-wrong solution.
    pub wrong: Vec<Tally>,
}

impl Soundness<'_> {
    /// The solution, its alternatives and the wrong ones.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.right().chain(&self.wrong)
    }

    /// The solution and its alternatives.
    pub fn right(&self) -> impl Iterator<Item = &Tally> {
        [&self.solution].into_iter().chain(&self.alternatives)
    }
}

/// The runs of one solution, right or wrong.
#[derive(Debug)]
pub struct Tally {
    /// `solution`, or the file's name without the extension.
    pub name: String,
    /// How often it was judged.
    pub runs: usize,
    /// How often not as it must be: false failures, or escapes.
    pub unsound: usize,
    /// The first of these: in which run, in which circumstances, and what was said.
    pub first: Option<String>,
}

impl Tally {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), runs: 0, unsound: 0, first: None }
    }

    /// It could not even be judged.
    pub(crate) fn unjudged(name: &str, problem: String) -> Self {
        Self { runs: 1, unsound: 1, first: Some(problem), ..Self::new(name) }
    }

    /// One run more, in these circumstances: sound, or not and why.
    pub(crate) fn count(&mut self, result: Result<(), String>, circumstances: impl Display) {
        self.runs += 1;
        if let Err(problem) = result {
            self.unsound += 1;
            let first = || format!("run {}, {circumstances}: {problem}", self.runs);
            self.first = self.first.take().or_else(|| Some(first()));
        }
    }
}
