//! How all exercises stand, for the line above and for the list.

use crate::commands::Session;
use crate::commands::next::remembered_verdict;
use crate::progress::Store;
use crate::verdict::Verdict;
use crate::workbook::curriculum::Exercise;

/// How an exercise stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'w> {
    pub exercise: &'w Exercise,
    /// The verdict on its files as they are; `None` if they have changed since.
    pub verdict: Option<Verdict>,
}

impl Standing<'_> {
    /// In two or three words.
    pub(super) fn in_words(&self) -> &'static str {
        self.verdict.map_or("changed since its check", Verdict::in_words)
    }

    pub(super) fn passes(&self) -> bool {
        self.verdict == Some(Verdict::Passed)
    }
}

/// How all exercises stand, as it is remembered; nothing is compiled.
pub(super) fn standing(session: &Session) -> Vec<Standing<'_>> {
    // Without the past nothing is known of what was begun.
    let progress = Store::new(&session.workbook).load().map(|(progress, _)| progress);
    let progress = progress.unwrap_or_default();
    let exercises = session.workbook.curriculum.exercises.iter();
    let standing = exercises.map(|exercise| {
        let entry = progress.entry(&exercise.name);
        Standing { exercise, verdict: remembered_verdict(&session.workbook, exercise, &entry) }
    });
    standing.collect()
}
