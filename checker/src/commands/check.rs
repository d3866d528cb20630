//! `checker check`: judges what has changed, and shows where the learner stands.

use std::path::Path;

use crate::candidate::Candidate;
use crate::curriculum::Exercise;
use crate::edit::{Edit, of_edits};
use crate::event::Event;
use crate::judge::{Judged, judge};
use crate::pristine::{Foundation, Pristine};
use crate::progress::{Entry, Lock, Progress, Store};
use crate::report::Reporter;
use crate::verdict::{Judgement, Verdict};
use crate::{Error, Exit, files, fingerprint};

use super::Session;

/// How an exercise stands.
#[derive(Debug)]
pub struct Standing<'a> {
    /// Which.
    pub exercise: &'a Exercise,
    /// Its judgement.
    pub judgement: Judgement,
    /// How many hints have been given.
    pub hints_given: usize,
    /// How many hints there are.
    pub hints: usize,
    /// The line of the learner's file to begin at.
    pub line: u32,
}

/// Judges the asked exercises: an unchanged one costs nothing, an untouched one is not compiled.
pub fn check(
    session: &Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let standings = judged(session, names, reporter)?;
    let exit = exit(&standings);
    reporter.standings(&session.workbook, &standings, names.is_empty(), exit);
    Ok(exit)
}

/// How the asked exercises stand, after judging what has changed.
pub(super) fn judged<'a>(
    session: &'a Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Vec<Standing<'a>>, Error> {
    let asked = session.asked(names)?;
    let checker = Checker::new(session, reporter)?;
    let mut standings = Vec::new();
    for exercise in asked {
        let judgement = checker.judge(exercise, reporter)?;
        standings.push(checker.standing(exercise, judgement));
    }
    Ok(standings)
}

/// Whether all pass.
pub(super) fn exit(standings: &[Standing<'_>]) -> Exit {
    let has_passed = |standing: &Standing<'_>| standing.judgement.verdict == Verdict::Passed;
    if standings.iter().all(has_passed) { Exit::Passed } else { Exit::NotPassed }
}

/// What judging several exercises has in common.
pub(super) struct Checker<'a> {
    session: &'a Session,
    store: Store,
    progress: Progress,
    foundation_edits: Vec<Edit>,
    /// Held to the end, so that two checkers do not build and run in the same place.
    _turn: Option<Lock>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(session: &'a Session, reporter: &mut dyn Reporter) -> Result<Self, Error> {
        let store = Store::of(&session.workbook);
        let turn = wait_for_turn(session, reporter)?;
        // Verdicts do not need the past: without it they only take longer.
        let (progress, warning) = store.load().unwrap_or_else(|error| {
            (Progress::default(), Some(format!("progress cannot be read: {error}")))
        });
        if let Some(text) = &warning {
            reporter.take(&Event::Warning { text });
        }
        let foundation_edits = Foundation::load(&session.workbook)?.edits(&session.workbook)?;
        Ok(Self { session, store, progress, foundation_edits, _turn: turn })
    }

    /// The judgement of the learner's files as they are now.
    pub(super) fn judge(
        &self,
        exercise: &Exercise,
        reporter: &mut dyn Reporter,
    ) -> Result<Judgement, Error> {
        let workbook = &self.session.workbook;
        if self.session.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let pristine = Pristine::load(workbook, exercise)?;
        let mut edits = pristine.edits(workbook, exercise)?;
        edits.extend(self.foundation_edits.iter().cloned());
        if let Some(judgement) = missing_source(workbook, exercise) {
            return Ok(self.report(exercise, judgement, false, reporter));
        }
        if let Some(judgement) = of_edits(&exercise.name, &edits) {
            return Ok(self.report(exercise, judgement, false, reporter));
        }
        if pristine.is_untouched(workbook, exercise)? {
            let judgement = Judgement::without_tests(Verdict::NotStarted, None, None);
            return Ok(self.report(exercise, judgement, false, reporter));
        }
        let candidate = Candidate::in_place(workbook, exercise, &pristine);
        let fingerprint = fingerprint::of(&candidate)?;
        if let Some(known) = self.entry(exercise).known(&fingerprint) {
            return Ok(self.report(exercise, known.clone(), true, reporter));
        }
        let Judged { judgement, known_by_hash, .. } =
            judge(&candidate, &self.session.stop, reporter)?;
        // Saved again while it was being judged: the verdict is true of no text that we know.
        let is_known = known_by_hash && fingerprint::of(&candidate)? == fingerprint;
        let still = is_known.then_some(fingerprint);
        let saved =
            self.store.update(&exercise.directory, |entry| entry.remember(still, &judgement));
        if let Err(error) = saved {
            let text = format!("the verdict stands, but is not remembered: {error}");
            reporter.take(&Event::Warning { text: &text });
        }
        Ok(self.report(exercise, judgement, false, reporter))
    }

    pub(super) fn entry(&self, exercise: &Exercise) -> Entry {
        self.progress.entry(&exercise.directory)
    }

    fn report(
        &self,
        exercise: &Exercise,
        judgement: Judgement,
        cached: bool,
        reporter: &mut dyn Reporter,
    ) -> Judgement {
        reporter.take(&Event::Judged { exercise, judgement: &judgement, cached });
        judgement
    }

    fn standing(&self, exercise: &'a Exercise, judgement: Judgement) -> Standing<'a> {
        let directory = self.session.workbook.exercise_path(exercise);
        let hints = files::read(&directory.join("hints.md")).unwrap_or_default();
        Standing {
            exercise,
            hints_given: self.entry(exercise).hints,
            hints: super::hint::stages(&hints).len(),
            line: line_to_begin_at(&directory.join(&exercise.edit[0]), &judgement, exercise),
            judgement,
        }
    }
}

/// A learner's file that is gone cannot be judged; everything else about the exercise can wait.
fn missing_source(workbook: &crate::workbook::Workbook, exercise: &Exercise) -> Option<Judgement> {
    let directory = workbook.exercise_path(exercise);
    let missing = exercise.edit.iter().find(|file| !directory.join(file).is_file())?;
    let message = format!(
        "exercises/{}/{} is missing.\n`checker reset {}` puts the stub there.",
        exercise.directory,
        missing.display(),
        exercise.name
    );
    Some(Judgement::without_tests(Verdict::DoesNotCompile, Some(message), None))
}

/// Two checkers in one workbook take turns; the second says that it waits.
pub(super) fn wait_for_turn(
    session: &Session,
    reporter: &mut dyn Reporter,
) -> Result<Option<Lock>, Error> {
    let path = session.workbook.state_path().join("turn.lock");
    match Lock::try_take(&path) {
        Ok(Some(lock)) => return Ok(Some(lock)),
        Ok(None) => {}
        // Where nothing can be written there is no lock either; cargo's own lock remains.
        Err(error) => {
            let text = format!("progress cannot be kept: {error}");
            reporter.take(&Event::Warning { text: &text });
            return Ok(None);
        }
    }
    let text = "another checker is at work in this workbook; waiting for it to finish";
    reporter.take(&Event::Warning { text });
    loop {
        if session.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        if let Some(lock) = Lock::try_take(&path)? {
            return Ok(Some(lock));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Where the panic or the error was, if it was in the learner's file; else the first of its lines that
/// the message names; else the first `todo!`.
fn line_to_begin_at(file: &Path, judgement: &Judgement, exercise: &Exercise) -> u32 {
    let own = exercise.main_file();
    let places = judgement
        .place
        .iter()
        .chain(judgement.first_unpassed().and_then(|test| test.place.as_ref()));
    if let Some(place) = places.into_iter().find(|place| place.file == own) {
        return place.line;
    }
    let message = judgement.first_unpassed().and_then(|test| test.message.as_deref());
    let name = own.file_name().and_then(|name| name.to_str());
    if let (Some(message), Some(name)) = (message, name)
        && let Some(line) = line_named(message, name)
    {
        return line;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let todo = text.lines().position(|line| line.contains("todo!("));
    todo.map_or(1, |line| line as u32 + 1)
}

/// The first line of a file that a message names: as `till.rs:26`, or as `:26` in the rows of a
/// timeline, below the heading `till.rs`.
fn line_named(message: &str, file: &str) -> Option<u32> {
    let number = |text: &str| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
        digits.parse().ok()
    };
    let mut below_heading = false;
    message.lines().find_map(|line| {
        below_heading |= line.trim() == file;
        let row = line.trim_start().strip_prefix(':').filter(|_| below_heading);
        row.and_then(number).or_else(|| {
            line.match_indices(file).find_map(|(at, _)| {
                // Not the end of a longer name, and not a file in another directory.
                let before = line[..at].chars().next_back();
                let whole = before.is_none_or(|c| !c.is_alphanumeric() && !"_-/.".contains(c));
                line[at + file.len()..].strip_prefix(':').filter(|_| whole).and_then(number)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_in_a_timeline_and_in_a_sentence() {
        let timeline = "seen: 1\n\ntill.rs\n    │ T1\n────┼───\n:26 │ in is 0\n:27 │ in = 1\n";
        assert_eq!(line_named(timeline, "till.rs"), Some(26));
        let other = "protocol.rs\n:90         │ read kitchen\ntill.rs:31 │ till is 0\n";
        assert_eq!(line_named(other, "till.rs"), Some(31));
        assert_eq!(line_named("seen:     a panic at till.rs:9: no", "till.rs"), Some(9));
    }

    #[test]
    fn a_line_of_another_file_is_none() {
        for message in ["tests/till.rs:3", "my_till.rs:3", "till.rs: gone", ":26 of nothing"] {
            assert_eq!(line_named(message, "till.rs"), None, "{message}");
        }
    }
}
