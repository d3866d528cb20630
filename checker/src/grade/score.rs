//! Scores, computed from verdicts by the scheme. No I/O here.

use std::collections::BTreeMap;
use std::fmt;

use super::points::Points;
use super::scheme::{Group, Rules, Scheme, Visibility};
use crate::verdict::{Judgement, Outcome, Verdict};
use crate::workbook::curriculum::Exercise;

/// What can be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worth {
    /// What counts among the points possible.
    pub possible: Points,
    /// What comes on top of them.
    pub bonus: Points,
}

/// `10`, `10+2` with a bonus of 2.
impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.possible)?;
        if self.bonus == Points::default() { Ok(()) } else { write!(f, "+{}", self.bonus) }
    }
}

/// What an exercise's judgement is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// What counts, bonus and lateness taken in.
    pub points: Points,
    /// How much of it is a bonus.
    pub bonus: Points,
    /// What it would be in time.
    pub in_time: Points,
    /// The groups that the scheme names, or the one of all tests.
    pub groups: Vec<Counted>,
    /// The part of it that students do not see into.
    pub hidden: Option<Hidden>,
}

/// What became of a group of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub name: String,
    /// How many of its test functions pass, each with all of its cases.
    pub passed: usize,
    /// How many there are; none, if nothing of it was run.
    pub of: usize,
    /// What it earned, as the score has it but for roundings.
    pub points: Points,
    /// What can be had for it.
    pub worth: Worth,
    /// Whether the student sees it, and when.
    pub visibility: Visibility,
}

/// The hidden groups of an exercise together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// What they earned.
    pub points: Points,
    /// What can be had for them.
    pub worth: Worth,
    /// The narrowest of their visibilities.
    pub visibility: Visibility,
}

/// What can be had for an exercise.
pub fn worth(exercise: &Exercise, scheme: &Scheme) -> Worth {
    let rules = scheme.rules(exercise);
    worth_of(&rules, rules.full(exercise), |_| true)
}

fn worth_of(rules: &Rules, full: Points, which: impl Fn(&Group) -> bool) -> Worth {
    let shares = |is_bonus: bool| -> u32 {
        let wanted = |group: &&Group| group.is_bonus == is_bonus && which(group);
        rules.groups.iter().filter(wanted).map(|group| group.share).sum()
    };
    let part = |share: u32| full.part(share.into(), rules.shares().into());
    if rules.is_bonus {
        Worth { possible: Points::default(), bonus: part(shares(false) + shares(true)) }
    } else {
        Worth { possible: part(shares(false)), bonus: part(shares(true)) }
    }
}

/// What a judgement is worth after this many days of lateness.
///
/// Each group of tests earns its share by the test functions that pass with all of their cases; a pass
/// earns everything, an attack on the grader nothing. What is to be rounded is the exact sum, once, with
/// lateness in it.
pub fn score(exercise: &Exercise, scheme: &Scheme, judgement: &Judgement, days_late: u32) -> Score {
    let rules = scheme.rules(exercise);
    let full = rules.full(exercise);
    let tallies = tallies(&rules, judgement);
    let common = tallies.iter().fold(1, |all, tally| least_common_multiple(all, tally.weight()));
    let sum = |which: &dyn Fn(&Group) -> bool, percent: u32| {
        let part = |(group, tally): (&Group, &Tally)| {
            u128::from(group.share) * tally.earned(group) * (common / tally.weight())
        };
        let groups = rules.groups.iter().zip(&tallies).filter(|(group, _)| which(group));
        let earned: u128 = groups.map(part).sum();
        full.part(earned * u128::from(percent), u128::from(rules.shares()) * common * 100)
    };
    let kept = 100 - scheme.late.percent(days_late);
    let points = sum(&|_| true, kept);
    let counted = |(group, tally): (&Group, &Tally)| Counted {
        name: group.name.clone(),
        passed: tally.passed,
        of: tally.of,
        points: sum(&|other| other.name == group.name, kept),
        worth: worth_of(&rules, full, |other| other.name == group.name),
        visibility: group.visibility,
    };
    let hidden = rules.groups.iter().map(|group| group.visibility).max();
    let hidden = hidden.filter(|it| *it != Visibility::Visible).map(|visibility| Hidden {
        points: sum(&Group::is_hidden, kept),
        worth: worth_of(&rules, full, Group::is_hidden),
        visibility,
    });
    Score {
        points,
        bonus: if rules.is_bonus { points } else { points - sum(&|group| !group.is_bonus, kept) },
        in_time: sum(&|_| true, 100),
        groups: rules.groups.iter().zip(&tallies).map(counted).collect(),
        hidden,
    }
}

/// How many test functions of a group pass.
struct Tally {
    passed: usize,
    of: usize,
    /// What the verdict says, whatever the tests say: everything, or nothing.
    decided: Option<bool>,
}

impl Tally {
    /// What [`Tally::earned`] is a part of.
    fn weight(&self) -> u128 {
        self.of.max(1) as u128
    }

    fn earned(&self, group: &Group) -> u128 {
        let all = self.of > 0 && self.passed == self.of;
        match self.decided.or(group.all_or_nothing.then_some(all)) {
            Some(true) => self.weight(),
            Some(false) => 0,
            None => self.passed as u128,
        }
    }
}

fn tallies(rules: &Rules, judgement: &Judgement) -> Vec<Tally> {
    let is_attack = |outcome| matches!(outcome, Outcome::AttackedSupervisor | Outcome::Forged);
    let decided = match judgement.verdict {
        Verdict::AttackedSupervisor | Verdict::Forged => Some(false),
        // Another test may have failed before it, and stands in the verdict.
        _ if judgement.tests.iter().any(|test| is_attack(test.outcome)) => Some(false),
        Verdict::Passed => Some(true),
        _ => None,
    };
    // Whether all cases passed, by group, target and test function.
    let mut functions = BTreeMap::new();
    for test in &judgement.tests {
        if let Some(group) = rules.group_of(&test.target, &test.name) {
            let key = (group, test.target.as_str(), function(&test.name));
            *functions.entry(key).or_insert(true) &= test.outcome == Outcome::Passed;
        }
    }
    let tally = |nth: usize| {
        let own = || functions.iter().filter(move |((group, ..), _)| *group == nth);
        Tally { passed: own().filter(|(_, passed)| **passed).count(), of: own().count(), decided }
    };
    (0..rules.groups.len()).map(tally).collect()
}

/// `f` of `f::case_2_of_three`.
fn function(test: &str) -> &str {
    test.rsplit_once("::case_").map_or(test, |(function, _)| function)
}

fn least_common_multiple(a: u128, b: u128) -> u128 {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::TestResult;
    use crate::workbook::curriculum::Number;
    use std::time::Duration;

    fn exercise(points: u32) -> Exercise {
        Exercise {
            number: Number { part: 2, place: 3 },
            name: "semaphore".into(),
            directory: "02/03_semaphore".into(),
            points,
            ..Exercise::example(Duration::from_secs(1))
        }
    }

    fn judged(tests: &[(&str, Outcome)]) -> Judgement {
        let test = |(name, outcome): &(&str, Outcome)| TestResult {
            name: (*name).to_owned(),
            target: "t".into(),
            outcome: *outcome,
            evidence: None,
            place: None,
            schedules: None,
        };
        Judgement::from_tests(tests.iter().map(test).collect())
    }

    fn points(full: u32, judgement: &Judgement) -> String {
        score(&exercise(full), &Scheme::default(), judgement, 0).points.to_string()
    }

    #[test]
    fn a_pass_earns_everything_and_nothing_run_earns_nothing() {
        assert_eq!(points(10, &judged(&[("a", Outcome::Passed)])), "10");
        assert_eq!(points(10, &Judgement::without_tests(Verdict::DoesNotCompile, None, None)), "0");
    }

    #[test]
    fn a_test_function_passes_with_all_cases_or_not_at_all() {
        let tests = [
            ("a::case_1", Outcome::Passed),
            ("a::case_2", Outcome::Failed),
            ("b", Outcome::Passed),
        ];
        assert_eq!(points(5, &judged(&tests)), "2.5");
    }

    #[test]
    fn a_third_is_rounded_down() {
        let tests = [("a", Outcome::Passed), ("b", Outcome::Failed), ("c", Outcome::Failed)];
        assert_eq!(points(1, &judged(&tests)), "0.33");
    }

    #[test]
    fn an_attack_earns_nothing_beside_tests_that_pass_or_fail() {
        let attack = ("b", Outcome::AttackedSupervisor);
        assert_eq!(points(10, &judged(&[("a", Outcome::Passed), attack])), "0");
        let tests = [("a", Outcome::Failed), attack, ("c", Outcome::Passed)];
        assert_eq!(points(10, &judged(&tests)), "0");
        let mut forged = judged(&[("a", Outcome::Passed)]);
        forged.verdict = Verdict::Forged;
        assert_eq!(points(10, &forged), "0");
    }
}
