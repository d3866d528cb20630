//! How exercises stand, and which is next.

use crate::Exit;
use crate::verdict::{Judgement, Place, Verdict};
use crate::workbook::curriculum::Exercise;
use crate::workbook::readme::ClaimVerdict;

use super::Since;

/// How an exercise stands.
#[derive(Debug, Clone)]
pub struct ExerciseStatus<'a> {
    pub exercise: &'a Exercise,
    /// Its judgement.
    pub judgement: Judgement,
    /// The same, with each place on a line of the learner's.
    pub on_own_lines: Judgement,
    /// Whether it has just been judged, and passes.
    pub is_new_pass: bool,
    /// How many hints have been given.
    pub hints_given: usize,
    /// How many hints there are.
    pub hints: usize,
    /// The line to open first.
    pub line_to_open: Place,
    /// What the README says about the claim.
    pub claim: Option<ClaimVerdict>,
    /// What has changed since the tests ran the last time, if they ran now.
    pub since: Option<Since>,
    /// What the compiler warns about in the learner's own files.
    pub warnings: Vec<String>,
}

/// How the asked exercises stand, and what is next.
#[derive(Debug)]
pub struct WorkbookStatus<'a> {
    /// Those that were asked for, in the order of the curriculum.
    pub asked: Vec<ExerciseStatus<'a>>,
    /// Whether that are all, because none was named.
    pub all: bool,
    /// The next one; it need not be among the asked.
    pub next: Option<ExerciseStatus<'a>>,
}

impl WorkbookStatus<'_> {
    /// Whether all pass.
    pub fn exit(&self) -> Exit {
        let has_passed = |status: &ExerciseStatus<'_>| status.judgement.verdict == Verdict::Passed;
        if self.asked.iter().all(has_passed) { Exit::Passed } else { Exit::NotPassed }
    }
}
