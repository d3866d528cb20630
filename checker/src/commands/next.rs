//! Which exercise is next: the one that was just worked on. One rule, for every command.
//!
//! What was edited since the last check and does not pass comes first, by the newest edit. If all of it
//! passes, the first that does not pass after the last pass. If nothing was edited, or only what is older, it
//! is the same one as the last time.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::inputs::{Common, Inputs};
use crate::progress::{Entry, Progress, Store};
use crate::report::Reporter;
use crate::verdict::{Judgement, Verdict};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

use super::Session;

/// What is known of an exercise when the next one is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub exercise: &'a Exercise,
    /// Whether the learner's files are not the stubs any more.
    pub is_begun: bool,
    /// Whether it passes as it is now.
    pub passes: bool,
    /// When it was last edited, in milliseconds since 1970.
    pub edited: u64,
    /// Whether it was edited since it was last checked, or is what was asked for.
    pub is_fresh: bool,
}

impl Session {
    /// The exercise that was named, or else the next one.
    pub(super) fn named_or_next(
        &self,
        name: Option<&str>,
        reporter: &mut dyn Reporter,
    ) -> Result<&Exercise, Error> {
        match name {
            Some(name) => self.workbook.curriculum.find(name),
            None => find(self, reporter),
        }
    }
}

/// The exercise that a command without a name means, as things are now; nothing is judged.
fn find<'a>(session: &'a Session, reporter: &mut dyn Reporter) -> Result<&'a Exercise, Error> {
    let (progress, warning) = Store::new(&session.workbook).load()?;
    if let Some(warning) = warning {
        reporter.note(&format!("warning: {warning}"));
    }
    let common = Common::read(&session.workbook.root)?;
    let exercises = session.workbook.curriculum.exercises.iter();
    let known: Vec<Known<'_>> = exercises
        .map(|exercise| Known::remembered(&session.workbook, &common, exercise, &progress))
        .collect();
    choose(&known, progress.next()).ok_or_else(|| {
        Error::Refused("everything has passed; name an exercise: `checker list`".to_owned())
    })
}

/// The one rule. `last` is the one that was next before.
pub(super) fn choose<'a>(known: &[Known<'a>], last: Option<&str>) -> Option<&'a Exercise> {
    let begun = || known.iter().enumerate().filter(|(_, it)| it.is_begun);
    let fresh = || begun().filter(|(_, it)| it.is_fresh);
    // `max_by_key` takes the last of equal ones: the first in the order of the curriculum.
    let worked_on = fresh().filter(|(_, it)| !it.passes).rev().max_by_key(|(_, it)| it.edited);
    if let Some((_, it)) = worked_on {
        return Some(it.exercise);
    }
    let passed = |(_, it): &(usize, &Known<'_>)| it.passes;
    let edited = |(_, it): &(usize, &Known<'_>)| it.edited;
    let new_pass = fresh().filter(passed).max_by_key(edited);
    let open = |it: &&Known<'_>| !it.passes;
    let is_last = |it: &&Known<'_>| Some(it.exercise.name.as_str()) == last;
    let is_newer = |it: &&Known<'_>| new_pass.is_none_or(|(_, pass)| pass.edited <= it.edited);
    if let Some(it) = known.iter().filter(open).filter(is_last).find(is_newer) {
        return Some(it.exercise);
    }
    let last_pass = new_pass.or_else(|| begun().filter(passed).max_by_key(edited));
    let after = last_pass.map_or(0, |(index, _)| index + 1);
    let mut others = known[after..].iter().chain(&known[..after]);
    others.find(open).map(|it| it.exercise)
}

impl<'a> Known<'a> {
    /// What is remembered of an exercise, as far as it is true of the files as they are.
    pub(super) fn remembered(
        workbook: &Workbook,
        common: &Common,
        exercise: &'a Exercise,
        progress: &Progress,
    ) -> Self {
        let entry = progress.entry(&exercise.name);
        let verdict = remembered_verdict(workbook, common, exercise, &entry);
        Self::new(exercise, verdict, edited(workbook, exercise), &entry)
    }

    /// What is known of an exercise that was `edited` and then judged.
    pub(super) fn judged(
        workbook: &Workbook,
        exercise: &'a Exercise,
        judgement: &Judgement,
        edited: u64,
        entry: &Entry,
    ) -> Self {
        let verdict = judgement.verdict;
        let is_edited = matches!(verdict, Verdict::TestsMissing | Verdict::WorkbookEdited);
        let given = judgement.place.as_ref().filter(|_| is_edited);
        let given = given.map_or(0, |place| changed(&workbook.root.join(&place.file)));
        Self::new(exercise, Some(verdict), edited.max(given), entry)
    }

    fn new(exercise: &'a Exercise, verdict: Option<Verdict>, edited: u64, entry: &Entry) -> Self {
        Self {
            exercise,
            is_begun: verdict != Some(Verdict::NotStarted),
            passes: verdict == Some(Verdict::Passed),
            edited,
            is_fresh: edited > entry.edited,
        }
    }
}

/// The last verdict on the files as they are now; `None` if they have changed since.
pub(super) fn remembered_verdict(
    workbook: &Workbook,
    common: &Common,
    exercise: &Exercise,
    entry: &Entry,
) -> Option<Verdict> {
    let pins = Pins::load(workbook, exercise).ok()?;
    if pins.is_untouched(workbook, exercise).unwrap_or(false) {
        return Some(Verdict::NotStarted);
    }
    let candidate = Candidate::in_place(workbook, exercise, &pins);
    let inputs = Inputs::read_beside(&candidate, common).ok()?;
    entry.last(inputs.hash()).map(|judgement| judgement.verdict)
}

/// When the learner's files of an exercise were last edited, in milliseconds since 1970.
pub(super) fn edited(workbook: &Workbook, exercise: &Exercise) -> u64 {
    let directory = workbook.exercise_path(exercise);
    exercise.edit.iter().map(|file| changed(&directory.join(file))).max().unwrap_or(0)
}

/// When a file was last changed; of one that is gone, when it went.
fn changed(file: &Path) -> u64 {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let time = modified(file).or_else(|| modified(file.parent()?));
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::workbook::curriculum::Number;

    fn exercises() -> Vec<Exercise> {
        let exercise = |place| Exercise {
            number: Number { part: 1, place },
            name: place.to_string(),
            directory: place.to_string(),
            title: String::new(),
            claims: Vec::new(),
            points: 1,
            groups: Vec::new(),
            edit: vec!["src/lib.rs".into()],
            needs: BTreeMap::new(),
            test_deadline: Duration::ZERO,
            address_space: None,
            compile_deadline: Duration::ZERO,
        };
        (1..=5).map(exercise).collect()
    }

    /// `states`: `.` not started, `p` passes, `f` fails, in capitals if it was just edited; `edited` are
    /// the times of the edits.
    fn next(states: &str, edited: [u64; 5], last: Option<&str>) -> Option<String> {
        let exercises = exercises();
        let of = |((exercise, state), edited): ((_, char), u64)| Known {
            exercise,
            is_begun: state != '.',
            passes: state.eq_ignore_ascii_case(&'p'),
            edited,
            is_fresh: state.is_uppercase(),
        };
        let known: Vec<Known<'_>> =
            exercises.iter().zip(states.chars()).zip(edited).map(of).collect();
        of_name(&known, last)
    }

    fn of_name(known: &[Known<'_>], last: Option<&str>) -> Option<String> {
        super::choose(known, last).map(|exercise| exercise.name.clone())
    }

    #[test]
    fn what_was_just_edited_and_does_not_pass_is_next() {
        assert_eq!(next("p..F.", [1, 0, 0, 9, 0], None).as_deref(), Some("4"), "2 was skipped");
        assert_eq!(next("pFFPf", [1, 7, 8, 9, 9], None).as_deref(), Some("3"), "the newest edit");
        assert_eq!(next(".FFF.", [0, 7, 7, 7, 0], None).as_deref(), Some("2"), "equal: in order");
    }

    #[test]
    fn after_a_pass_the_first_that_does_not_pass_behind_it_is_next() {
        assert_eq!(next("p.P..", [1, 0, 9, 0, 0], None).as_deref(), Some("4"), "2 was skipped");
        assert_eq!(next("f..pP", [1, 0, 0, 8, 9], None).as_deref(), Some("1"), "from the start");
        assert_eq!(next("PPPPP", [9; 5], None), None);
        assert_eq!(next(".....", [9, 8, 7, 6, 5], None).as_deref(), Some("1"), "a fresh clone");
        assert_eq!(next("pp...", [5; 5], None).as_deref(), Some("3"), "equal times: in order");
    }

    #[test]
    fn without_an_edit_it_is_the_same_as_before() {
        assert_eq!(next("pff..", [1, 2, 9, 0, 0], Some("2")).as_deref(), Some("2"));
        assert_eq!(next("pfp..", [1, 2, 9, 0, 0], Some("4")).as_deref(), Some("4"));
        assert_eq!(next("ppp..", [1, 2, 3, 0, 0], Some("3")).as_deref(), Some("4"), "it passes");
        assert_eq!(next("..f.P", [0, 0, 9, 0, 7], Some("3")).as_deref(), Some("3"), "an old edit");
        assert_eq!(next("..f.P", [0, 0, 7, 0, 9], Some("3")).as_deref(), Some("1"), "a new pass");
    }
}
