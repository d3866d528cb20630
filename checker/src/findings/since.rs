//! What has changed since the tests of an exercise ran the last time.

use crate::verdict::{Judgement, Outcome};
use crate::workbook::curriculum::EXPERIMENT;

/// What has changed since the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// How many tests passed then.
    pub passed: usize,
    /// The tests that passed then and do not now, easiest first.
    pub not_any_more: Vec<String>,
}

impl Since {
    /// From the tests that passed the last time; nothing if no test ran now.
    pub fn new(passing: &[String], judgement: &Judgement) -> Option<Self> {
        if judgement.tests.is_empty() {
            return None;
        }
        let was = |name: &String| passing.contains(name);
        let is_lost = |outcome| !matches!(outcome, Outcome::Passed | Outcome::NotRun);
        let unpassed = judgement.tests.iter().filter(|test| is_lost(test.outcome));
        let not_any_more = unpassed.map(|test| test.name.clone()).filter(was).collect();
        Some(Self { passed: passing.len(), not_any_more })
    }
}

/// The tests of a judgement that pass; nothing if none ran. The experiment is no test of its own: it is
/// compared only when all of them pass.
pub fn passing(judgement: &Judgement) -> Option<Vec<String>> {
    let tests = || judgement.tests.iter().filter(|test| test.target != EXPERIMENT);
    let passed = tests().filter(|test| test.outcome == Outcome::Passed);
    (!judgement.tests.is_empty()).then(|| passed.map(|test| test.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{TestResult, Verdict};

    fn judgement(tests: &[(&str, Outcome)]) -> Judgement {
        let test = |&(name, outcome): &(&str, Outcome)| TestResult {
            name: name.to_owned(),
            target: if name == "compared" { EXPERIMENT } else { "t" }.to_owned(),
            outcome,
            evidence: None,
            place: None,
            schedules: None,
        };
        Judgement::from_tests(tests.iter().map(test).collect())
    }

    #[test]
    fn a_test_that_passed_and_fails_now_is_named() {
        use Outcome::{Failed, NotRun, Passed};
        let before = judgement(&[("a", Passed), ("b", Passed), ("c", Failed), ("d", Passed)]);
        let now = judgement(&[("a", Passed), ("b", Failed), ("c", Passed), ("d", NotRun)]);
        let since = Since::new(&passing(&before).unwrap(), &now).unwrap();
        assert_eq!(since, Since { passed: 3, not_any_more: vec!["b".into()] });
    }

    #[test]
    fn what_was_not_run_tells_nothing() {
        let none = Judgement::without_tests(Verdict::DoesNotCompile, None, None);
        assert_eq!(passing(&none), None);
        assert_eq!(Since::new(&["a".to_owned()], &none), None);
        let all = judgement(&[("a", Outcome::Passed), ("compared", Outcome::Passed)]);
        assert_eq!(passing(&all).unwrap(), ["a"], "the experiment is no test");
    }
}
