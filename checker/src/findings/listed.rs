//! An exercise in the list of all, as it is remembered.

use crate::verdict::{Judgement, Verdict};
use crate::workbook::curriculum::Exercise;

/// An exercise, and what is remembered of it.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    pub exercise: &'a Exercise,
    pub state: State,
    /// How many hints have been given.
    pub hints_given: usize,
    /// How many hints there are.
    pub hints: usize,
}

/// How an exercise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The learner's files are the stubs.
    NotStarted,
    /// They have changed since they were checked.
    Changed,
    /// They are as they were when they were judged.
    Judged {
        /// As what.
        verdict: Verdict,
        /// How many tests passed, and how many there are, if they ran.
        tests: Option<(usize, usize)>,
    },
}

impl State {
    /// Judged so.
    pub fn judged(judgement: &Judgement) -> Self {
        let (verdict, tests) = (judgement.verdict, &judgement.tests);
        let ran = (!tests.is_empty()).then(|| (judgement.passed(), tests.len()));
        Self::Judged { verdict, tests: ran }
    }

    /// Two or three words.
    pub fn in_words(self) -> &'static str {
        match self {
            State::NotStarted => "not started",
            State::Changed => "changed, not checked",
            State::Judged { verdict, .. } => verdict.in_words(),
        }
    }

    /// How many tests pass, and how many there are, if they ran.
    pub fn tests(self) -> Option<(usize, usize)> {
        match self {
            State::Judged { tests, .. } => tests,
            State::NotStarted | State::Changed => None,
        }
    }
}
