//! What a student may see of a judgement: of hidden groups that they are there, and no more. No I/O here.

use std::borrow::Cow;

use super::scheme::Rules;
use crate::verdict::{Judgement, Outcome, TestResult};

/// What a hidden group is called in a student's documents, as a test and as its target.
pub const HIDDEN: &str = "hidden";

/// The judgement with one test called `hidden` in place of each hidden group that was run.
pub fn for_the_student<'a>(rules: &Rules, judgement: &'a Judgement) -> Cow<'a, Judgement> {
    let group_of = |test: &TestResult| rules.group_of(&test.target, &test.name);
    let is_hidden =
        |test: &TestResult| group_of(test).is_some_and(|it| rules.groups[it].is_hidden());
    if !rules.groups.iter().any(|group| group.is_hidden()) {
        return Cow::Borrowed(judgement);
    }
    let mut tests: Vec<TestResult> =
        judgement.tests.iter().filter(|test| !is_hidden(test)).cloned().collect();
    for nth in (0..rules.groups.len()).filter(|nth| rules.groups[*nth].is_hidden()) {
        let own: Vec<&TestResult> =
            judgement.tests.iter().filter(|test| group_of(test) == Some(nth)).collect();
        if !own.is_empty() {
            let all_pass = own.iter().all(|test| test.outcome == Outcome::Passed);
            tests.push(TestResult {
                name: HIDDEN.to_owned(),
                target: HIDDEN.to_owned(),
                outcome: if all_pass { Outcome::Passed } else { Outcome::Failed },
                evidence: None,
                place: None,
                schedules: None,
            });
        }
    }
    // A compiler error shows a test's text, and a trap has a test's name.
    let tells = judgement.evidence.as_ref().is_some_and(|evidence| {
        // Every field, whether it is worded or not.
        let message = serde_json::to_string(evidence).expect("evidence is plain data");
        let names = |test: &TestResult| {
            let parts = test.name.split("::").filter(|part| !part.starts_with("case_"));
            parts.into_iter().any(|part| message.contains(part))
        };
        tells_of_hidden(rules, &message)
            || judgement.tests.iter().any(|test| is_hidden(test) && names(test))
    });
    Cow::Owned(Judgement {
        verdict: judgement.verdict,
        evidence: if tells { None } else { judgement.evidence.clone() },
        place: judgement.place.clone().filter(|_| !tells),
        tests,
    })
}

/// Whether a message names a file of tests some of which may be hidden.
fn tells_of_hidden(rules: &Rules, message: &str) -> bool {
    let files = message.match_indices("tests/").filter_map(|(at, start)| {
        message[at + start.len()..].split_once(".rs").map(|(target, _)| target)
    });
    files.into_iter().any(|target| rules.hides_of(target))
}
