//! Scores, computed from verdicts. No I/O here.
//!
//! Points are counted in hundredths, in integers, so that the same verdicts give the same gradebook on
//! every machine.

use std::collections::BTreeMap;
use std::fmt;

use crate::curriculum::Exercise;
use crate::verdict::{Judgement, Outcome, Verdict};

/// Hundredths of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(u64);

impl Points {
    /// Whole points.
    pub fn whole(points: u32) -> Self {
        Self(u64::from(points) * 100)
    }

    /// As a number for formats that have fractions.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// As a number for formats that have none.
    pub fn hundredths(self) -> u64 {
        self.0
    }

    /// The one in the middle, or the mean of the two there; `None` of none.
    pub fn median(mut all: Vec<Points>) -> Option<Points> {
        all.sort_unstable();
        let upper = all.get(all.len() / 2)?;
        let lower = all.get(all.len().saturating_sub(1) / 2)?;
        Some(Self((lower.0 + upper.0) / 2))
    }

    /// This part of the points, rounded down: nobody gets a hundredth that he has not earned.
    fn part(self, have: u64, of: u64) -> Self {
        Self((self.0 * have).checked_div(of).unwrap_or(0))
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.map(|points| points.0).sum())
    }
}

/// `10`, `7.5`, `0.33`.
impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}

/// What an exercise's judgement is worth.
///
/// All points for a pass. Otherwise each *group* of tests that passes as a whole earns its share; the
/// cases of one test function are one group, and the comparison of the experiment is one. An attack on
/// the grader earns nothing.
pub fn score(exercise: &Exercise, judgement: &Judgement) -> Points {
    let full = Points::whole(exercise.points);
    match judgement.verdict {
        Verdict::Passed => full,
        Verdict::AttackedSupervisor | Verdict::Forged => Points::default(),
        _ => {
            let groups = groups(judgement);
            let passed = groups.values().filter(|passed| **passed).count();
            full.part(passed as u64, groups.len() as u64)
        }
    }
}

/// Whether all cases passed, by test function.
fn groups(judgement: &Judgement) -> BTreeMap<(&str, &str), bool> {
    let mut groups = BTreeMap::new();
    for test in &judgement.tests {
        let passed = test.outcome == Outcome::Passed;
        *groups.entry((test.target.as_str(), function(&test.name))).or_insert(true) &= passed;
    }
    groups
}

/// `f` of `f::case_2_of_three`.
fn function(test: &str) -> &str {
    test.rsplit_once("::case_").map_or(test, |(function, _)| function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curriculum::Number;
    use crate::verdict::TestResult;
    use std::time::Duration;

    fn exercise(points: u32) -> Exercise {
        Exercise {
            number: Number { part: 2, place: 3 },
            name: "semaphore".into(),
            directory: "02/03_semaphore".into(),
            title: String::new(),
            claims: Vec::new(),
            points,
            edit: Vec::new(),
            needs: BTreeMap::new(),
            test_deadline: Duration::from_secs(1),
            address_space: None,
            compile_deadline: Duration::from_secs(1),
        }
    }

    fn judged(tests: &[(&str, Outcome)]) -> Judgement {
        let test = |(name, outcome): &(&str, Outcome)| TestResult {
            name: (*name).to_owned(),
            target: "t".into(),
            outcome: *outcome,
            message: None,
            place: None,
        };
        Judgement::of_tests(tests.iter().map(test).collect())
    }

    #[test]
    fn a_pass_earns_everything_and_nothing_run_earns_nothing() {
        assert_eq!(score(&exercise(10), &judged(&[("a", Outcome::Passed)])).to_string(), "10");
        let none = Judgement::without_tests(Verdict::DoesNotCompile, None, None);
        assert_eq!(score(&exercise(10), &none).to_string(), "0");
    }

    #[test]
    fn a_group_passes_as_a_whole_or_not_at_all() {
        let tests = [
            ("a::case_1", Outcome::Passed),
            ("a::case_2", Outcome::Failed),
            ("b", Outcome::Passed),
        ];
        assert_eq!(score(&exercise(5), &judged(&tests)).to_string(), "2.5");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let median = |all: &[u32]| {
            Points::median(all.iter().copied().map(Points::whole).collect())
                .map(|it| it.to_string())
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[9, 1, 2]).unwrap(), "2");
        assert_eq!(median(&[9, 1, 2, 4]).unwrap(), "3");
    }

    #[test]
    fn a_third_is_rounded_down() {
        let tests = [("a", Outcome::Passed), ("b", Outcome::Failed), ("c", Outcome::Failed)];
        assert_eq!(score(&exercise(1), &judged(&tests)).to_string(), "0.33");
    }

    #[test]
    fn an_attack_earns_nothing_beside_tests_that_pass() {
        let tests = [("a", Outcome::Passed), ("b", Outcome::AttackedSupervisor)];
        assert_eq!(score(&exercise(10), &judged(&tests)), Points::default());
    }
}
