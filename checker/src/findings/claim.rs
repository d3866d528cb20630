//! What was seen of a claim of the lecture notes, on this machine, now.

use crate::verdict::Verdict;
use crate::workbook::curriculum::{Claim, Exercise};

/// A claim, and what the exercises that try it show.
#[derive(Debug)]
pub struct ClaimFound<'a> {
    pub claim: &'a Claim,
    /// Each exercise that tries it, in the order of the curriculum.
    pub trials: Vec<Trial<'a>>,
}

/// An exercise that tries a claim.
#[derive(Debug)]
pub struct Trial<'a> {
    pub exercise: &'a Exercise,
    /// The last verdict on the learner's files; `None` if they have changed since.
    pub verdict: Option<Verdict>,
    /// Where the verdict on the claim and its sources stand, from the workbook's root: `README.md:35`.
    pub told_at: String,
    pub seen: Seen,
}

/// What an experiment showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// This evidence.
    Evidence {
        lines: Vec<String>,
        whose: Whose,
        /// The command that has just printed it, for a shell in the workbook's root.
        command: String,
    },
    /// The machine lacks what is needed to measure it.
    NotMeasured { why: String, whose: Whose },
    /// The run went wrong, or printed no evidence.
    Failed { why: String, whose: Whose },
    /// The exercise does not pass yet, and this copy of the workbook has no solution.
    Locked,
    /// It was not run: one exercise speaks for the claim, and it is another one.
    NotRun,
}

/// Whose code was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The learner's, which passes.
    Yours,
    /// The reference's.
    Reference,
}

impl<'a> ClaimFound<'a> {
    /// The trial that was run; of several, the first that shows something.
    pub fn speaker(&self) -> Option<&Trial<'a>> {
        let shows = |trial: &&Trial<'_>| matches!(trial.seen, Seen::Evidence { .. });
        let was_run = |trial: &&Trial<'_>| trial.seen != Seen::NotRun;
        self.trials.iter().find(shows).or_else(|| self.trials.iter().find(was_run))
    }

    /// Whether something that was to show evidence shows none.
    pub fn lacks_evidence(&self) -> bool {
        let lacks = |trial: &Trial<'_>| !matches!(trial.seen, Seen::Evidence { .. } | Seen::NotRun);
        self.trials.iter().any(lacks)
    }
}

impl Seen {
    /// What an experiment said of a claim that was to be measured: lines `C3: …`, or `C3 not measured: WHY`.
    pub fn measured(stdout: &str, claim: &str, whose: Whose, command: String) -> Self {
        let (evidence, lacking) = (format!("{claim}: "), format!("{claim} not measured: "));
        if let Some(why) = stdout.lines().find_map(|line| line.strip_prefix(&lacking)) {
            return Self::NotMeasured { why: why.trim().to_owned(), whose };
        }
        let said = stdout.lines().filter_map(|line| line.strip_prefix(&evidence));
        let lines: Vec<String> = said.map(|line| line.trim().to_owned()).collect();
        if lines.is_empty() {
            let why = format!("`{command}` printed no line that begins with `{evidence}`");
            return Self::Failed { why, whose };
        }
        Self::Evidence { lines, whose, command }
    }

    /// Whether an experiment printed the line that is the evidence. Space counts no more than in a text.
    pub fn shown(stdout: &str, expected: &str, whose: Whose, command: String) -> Self {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = words(expected);
        if stdout.lines().any(|line| words(line) == expected) {
            return Self::Evidence { lines: vec![expected], whose, command };
        }
        Self::Failed { why: format!("`{command}` did not print `{expected}`"), whose }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOSE: Whose = Whose::Yours;

    #[test]
    fn the_lines_of_this_claim_are_its_evidence() {
        let stdout = "C1: 47 bits\nC16: nothing\nC1: 128 TiB\n";
        let Seen::Evidence { lines, .. } = Seen::measured(stdout, "C1", WHOSE, "x".into()) else {
            panic!("there is evidence");
        };
        assert_eq!(lines, ["47 bits", "128 TiB"]);
    }

    #[test]
    fn what_was_not_measured_is_no_evidence() {
        let stdout = "C3: two tasks: 20 ns\nC3 not measured: there is one CPU\n";
        let seen = Seen::measured(stdout, "C3", WHOSE, "x".into());
        let why = "there is one CPU".to_owned();
        assert_eq!(seen, Seen::NotMeasured { why, whose: WHOSE });
    }

    #[test]
    fn an_experiment_that_says_nothing_of_the_claim_has_failed() {
        let seen = Seen::measured("C16: no destructor\n", "C1", WHOSE, "x".into());
        assert!(matches!(seen, Seen::Failed { why, .. } if why.contains("`C1: `")));
    }

    #[test]
    fn the_evidence_is_one_whole_line() {
        let shown = |expected| Seen::shown("  served:   61\n", expected, WHOSE, "x".into());
        let Seen::Evidence { lines, .. } = shown("served: 61") else { panic!("it is there") };
        assert_eq!(lines, ["served: 61"]);
        assert!(matches!(shown("served: 6"), Seen::Failed { .. }));
    }
}
