//! How all exercises stand, for the line above and for the list.

use crate::commands::{Session, list};
use crate::findings::{Listed, State};
use crate::judge::inputs::Common;
use crate::progress::Store;
use crate::verdict::Verdict;

/// How all exercises stand, as it is remembered; nothing is compiled.
pub(super) fn standing(session: &Session) -> Vec<Listed<'_>> {
    // Without the past nothing is known of what was begun. One that cannot be looked at says why when it is
    // judged.
    let progress = Store::new(&session.workbook).load().map(|(progress, _)| progress);
    let progress = progress.unwrap_or_default();
    let common = Common::read(&session.workbook.root);
    let exercises = session.workbook.curriculum.exercises.iter();
    exercises
        .map(|exercise| {
            let entry = progress.entry(&exercise.name);
            let common = common.as_ref().ok();
            let listed = common.map(|common| list::listed(session, common, exercise, &entry));
            let unknown = || Listed { exercise, state: State::Changed, hints_given: 0, hints: 0 };
            listed.and_then(Result::ok).unwrap_or_else(unknown)
        })
        .collect()
}

/// Whether it passes as it is.
pub(super) fn passes(listed: &Listed<'_>) -> bool {
    matches!(listed.state, State::Judged { verdict: Verdict::Passed, .. })
}
