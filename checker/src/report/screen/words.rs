//! Short words about an exercise, which several lines share.

use crate::findings::ExerciseStatus;
use crate::report::text::{Paint, clean};
use crate::verdict::{Place, Verdict};
use crate::workbook::curriculum::Exercise;

pub(super) fn has_passed(status: &ExerciseStatus<'_>) -> bool {
    status.judgement.verdict == Verdict::Passed
}

/// Whether it was begun and does not pass.
pub(super) fn is_wrong(status: &ExerciseStatus<'_>) -> bool {
    !matches!(status.judgement.verdict, Verdict::Passed | Verdict::NotStarted)
}

pub(super) fn line_of(place: &Place) -> String {
    clean(&format!("{}:{}", place.file.display(), place.line)).replace('\n', " ")
}

/// Where the README says what is true about the claim.
pub(super) fn verdict_of_claim(status: &ExerciseStatus<'_>) -> String {
    let line = status.claim.map(|line| format!(":{line}")).unwrap_or_default();
    format!("exercises/{}/README.md{line}", status.exercise.directory)
}

pub(super) fn heading(exercise: &Exercise) -> String {
    format!("{} {}: {}", exercise.number, exercise.name, exercise.title)
}

pub(super) fn at(place: &Place) -> String {
    clean(&place.to_string()).replace('\n', " ")
}

pub(super) fn mark(verdict: Verdict) -> (&'static str, Paint) {
    match verdict {
        Verdict::Passed => ("✓", Paint::Good),
        Verdict::NotStarted => ("·", Paint::Faint),
        Verdict::Skipped => ("-", Paint::Open),
        _ => ("✗", Paint::Bad),
    }
}
