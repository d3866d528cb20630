//! What the formats for CI are made of: a student's exercises, or the learner's own.

use crate::findings::ExerciseStatus;
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};
use crate::workbook::curriculum::Exercise;

use crate::report::escape;

/// One student's exercises.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Whose exercises these are; `None` for the learner's own.
    pub student: Option<&'a str>,
    /// Points of the points that can be had, as `7.5 of 20`, where they are given.
    pub points: Option<String>,
    /// Why nothing could be taken from the submission.
    pub unreadable: Option<&'a str>,
    /// In the order of the curriculum.
    pub exercises: Vec<Found<'a>>,
}

/// What is known of an exercise.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub exercise: &'a Exercise,
    /// What is true of it; `None` while it has not been judged.
    pub judgement: Option<&'a Judgement>,
}

impl<'a> Sheet<'a> {
    /// The learner's own, with places on the learner's lines: a note in a given test helps nobody.
    pub fn from_statuses(statuses: &'a [ExerciseStatus<'a>]) -> Self {
        let found = |status: &'a ExerciseStatus<'a>| Found {
            exercise: status.exercise,
            judgement: Some(&status.on_own_lines),
        };
        Self {
            student: None,
            points: None,
            unreadable: None,
            exercises: statuses.iter().map(found).collect(),
        }
    }

    /// How many exercises pass.
    pub fn passed(&self) -> usize {
        self.exercises.iter().filter(|found| found.has_passed()).count()
    }
}

impl<'a> Found<'a> {
    /// Whether it passes.
    pub fn has_passed(&self) -> bool {
        self.judgement.is_some_and(|judgement| judgement.verdict == Verdict::Passed)
    }

    /// Whether there is something wrong with it: it was begun, was judged, and does not pass.
    pub fn is_wrong(&self) -> bool {
        let is_neither = |verdict| !matches!(verdict, Verdict::Passed | Verdict::NotStarted);
        self.judgement.is_some_and(|judgement| is_neither(judgement.verdict))
    }

    /// A few words: `failed: 3 of 5 tests pass`.
    pub fn in_words(&self) -> String {
        self.judgement.map_or_else(|| "not judged yet".to_owned(), Judgement::in_words)
    }

    /// The tests that say something about why it does not pass, the one to show first at the front.
    pub fn unpassed(&self) -> Vec<&'a TestResult> {
        let Some(judgement) = self.judgement else { return Vec::new() };
        let first = judgement.first_unpassed();
        let says = |test: &&TestResult| {
            !matches!(test.outcome, Outcome::Passed | Outcome::NotRun)
                && first.is_none_or(|first| !std::ptr::eq(first, *test))
        };
        first.into_iter().chain(judgement.tests.iter().filter(says)).collect()
    }

    /// All that a learner reads about it, in plain text of at most about `limit` characters.
    pub fn account(&self, limit: usize) -> String {
        let mut text = self.in_words();
        let mut add = |title: &str, message: Option<String>| {
            if text.chars().count() < limit {
                let message = message.map(|message| format!("\n{message}")).unwrap_or_default();
                let whole = format!("{title}{message}");
                text.push_str("\n\n");
                text.push_str(escape::shown(&escape::cut(&whole, limit)).trim());
            }
        };
        if let Some(message) = self.judgement.and_then(Judgement::message) {
            add("", Some(message));
        }
        for test in self.unpassed() {
            add(&test.name, test.message());
        }
        escape::cut(&text, limit)
    }
}
