//! How often each test fails in the class, so that a bad test shows.

use std::collections::BTreeMap;

use super::html::one_line;
use crate::grade::gradebook::Gradebook;
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};
use crate::workbook::curriculum::Exercise;

/// The most characters of a message's first line.
const FIRST_LINE: usize = 160;

/// A test that somebody fails.
pub(super) struct Rate<'a> {
    /// The exercise it is a test of.
    pub exercise: &'a Exercise,
    /// Its target and its name.
    pub target: &'a str,
    pub test: &'a str,
    /// How many fail it, and of them, for how many it is the only one.
    pub failed: usize,
    pub alone: usize,
    /// How many have begun with the exercise.
    pub started: usize,
    /// The first line that its message most often has, and how often.
    pub says: Option<(String, usize)>,
}

impl Rate<'_> {
    /// The share of those that fail it, in whole percent.
    pub(super) fn percent(&self) -> usize {
        (self.failed * 100 + self.started / 2).checked_div(self.started).unwrap_or(0)
    }
}

/// What is counted of one test.
#[derive(Default)]
struct Counted {
    failed: usize,
    alone: usize,
    lines: BTreeMap<String, usize>,
}

/// The tests that somebody fails, those with the largest share first; and how many nobody fails.
pub(super) fn rates<'a>(gradebook: &'a Gradebook<'_>) -> (Vec<Rate<'a>>, usize) {
    let (mut rates, mut harmless) = (Vec::new(), 0);
    for (column, &exercise) in gradebook.exercises.iter().enumerate() {
        let cells = gradebook.lines.iter().filter_map(|line| line.cells[column].as_ref());
        let started: Vec<&Judgement> = cells
            .map(|cell| &cell.result.judgement)
            .filter(|it| !matches!(it.verdict, Verdict::NotStarted | Verdict::Unjudged))
            .collect();
        for ((target, test), counted) in count(&started) {
            let Counted { failed, alone, lines } = counted;
            if failed == 0 {
                harmless += 1;
                continue;
            }
            // Of equally frequent ones the first in the alphabet.
            let most = lines.into_iter().rev().max_by_key(|(_, times)| *times);
            let started = started.len();
            rates.push(Rate { exercise, target, test, failed, alone, started, says: most });
        }
    }
    // Stable: equal shares stay in the order of the exercises.
    rates.sort_by(|a, b| (b.failed * a.started).cmp(&(a.failed * b.started)));
    (rates, harmless)
}

fn count<'a>(judgements: &[&'a Judgement]) -> BTreeMap<(&'a str, &'a str), Counted> {
    let mut tests: BTreeMap<_, Counted> = BTreeMap::new();
    for judgement in judgements {
        let failures = judgement.tests.iter().filter(|test| has_failed(test)).count();
        for test in &judgement.tests {
            let counted = tests.entry((test.target.as_str(), test.name.as_str())).or_default();
            if has_failed(test) {
                counted.failed += 1;
                counted.alone += usize::from(failures == 1);
                if let Some(evidence) = &test.evidence {
                    let line = one_line(&evidence.headline(), FIRST_LINE);
                    *counted.lines.entry(line).or_default() += 1;
                }
            }
        }
    }
    tests
}

/// What was not run says nothing about the test.
pub(super) fn has_failed(test: &TestResult) -> bool {
    !matches!(test.outcome, Outcome::Passed | Outcome::Skipped | Outcome::NotRun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;

    fn judged(tests: &[(&str, Outcome, &str)]) -> Judgement {
        let test = |(name, outcome, message): &(&str, Outcome, &str)| TestResult {
            name: (*name).to_owned(),
            target: "t".into(),
            outcome: *outcome,
            evidence: Some(Evidence::text(*message)),
            place: None,
            schedules: None,
        };
        Judgement::from_tests(tests.iter().map(test).collect())
    }

    #[test]
    fn a_test_that_fails_alone_shows_with_what_it_most_often_says() {
        let judgements = [
            judged(&[("a", Outcome::Passed, ""), ("b", Outcome::Failed, "\n x\ny")]),
            judged(&[("a", Outcome::Failed, "z"), ("b", Outcome::TimedOut, "x")]),
            judged(&[("a", Outcome::NotRun, ""), ("b", Outcome::Failed, "w")]),
        ];
        let counted = count(&judgements.iter().collect::<Vec<_>>());
        let [a, b] = [&counted[&("t", "a")], &counted[&("t", "b")]];
        assert_eq!((a.failed, a.alone), (1, 0));
        assert_eq!((b.failed, b.alone), (3, 2));
        assert_eq!(b.lines, BTreeMap::from([("w".to_owned(), 1), ("x".to_owned(), 2)]));
    }
}
