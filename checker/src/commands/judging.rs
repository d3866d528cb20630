//! Judging the learner's files: what has changed is judged, the rest is known, and one exercise is next.

use std::path::Path;

use crate::Error;
use crate::event::Event;
use crate::evidence::Evidence;
use crate::findings::{ExerciseStatus, Since, WorkbookStatus};
use crate::judge::candidate::Candidate;
use crate::judge::edited::judge_edits;
use crate::judge::inputs::{Common, Inputs};
use crate::judge::line_to_open::LineToOpen;
use crate::judge::{Judged, judge};
use crate::progress::{Entry, Progress, Store};
use crate::report::Reporter;
use crate::system::files;
use crate::system::lock::Lock;
use crate::verdict::{Judgement, Verdict};
use crate::workbook::curriculum::Exercise;
use crate::workbook::edit::Edit;
use crate::workbook::hints;
use crate::workbook::pins::{Pins, WorkbookPins};
use crate::workbook::readme;

use super::Session;
use super::next::{self, Known};

/// How the asked exercises stand, after judging what has changed.
pub(super) fn judged<'a>(
    session: &'a Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<WorkbookStatus<'a>, Error> {
    let workbook = &session.workbook;
    let exercises = session.asked(names)?;
    let checker = Checker::new(session, reporter)?;
    let (mut known, mut asked) = (Vec::new(), Vec::new());
    for exercise in &workbook.curriculum.exercises {
        if !exercises.iter().any(|asked| asked.number == exercise.number) {
            known.push(Known::remembered(workbook, &checker.common, exercise, &checker.progress));
            continue;
        }
        // What is saved while it is judged is an edit after this check.
        let edited = next::edited(workbook, exercise);
        let known_or_new = checker.judge(exercise, reporter)?;
        let entry = checker.entry(exercise);
        let judgement = &known_or_new.judgement;
        let known_now = Known::judged(workbook, exercise, judgement, edited, &entry);
        let is_asked_and_open = !names.is_empty() && !known_now.passes;
        known.push(Known { is_fresh: known_now.is_fresh || is_asked_and_open, ..known_now });
        asked.push(checker.status(exercise, known_or_new));
    }
    let next = checker.next(&known, &asked);
    Ok(WorkbookStatus { asked, all: names.is_empty(), next })
}

/// A judgement of the learner's files as they are now.
pub(super) struct KnownOrNew {
    /// What the exercise must contain.
    pins: Pins,
    pub judgement: Judgement,
    /// Whether it was known from before.
    pub cached: bool,
    /// What the compiler warns about in the learner's own files.
    pub warnings: Vec<String>,
}

impl KnownOrNew {
    /// One that needed no compiler.
    fn by_looking(pins: Pins, judgement: Judgement) -> Self {
        Self { pins, judgement, cached: false, warnings: Vec::new() }
    }
}

/// What judging several exercises has in common.
pub(super) struct Checker<'a> {
    session: &'a Session,
    store: Store,
    progress: Progress,
    workbook_edits: Vec<Edit>,
    /// Read once: what is judged anew is compared with what is there then.
    common: Common,
    /// Held to the end, so that two checkers do not build and run in the same place.
    _turn: Option<Lock>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(session: &'a Session, reporter: &mut dyn Reporter) -> Result<Self, Error> {
        let store = Store::new(&session.workbook);
        let turn = wait_for_turn(session, reporter)?;
        // Verdicts do not need the past: without it they only take longer.
        let (progress, warning) = store.load().unwrap_or_else(|error| {
            (Progress::default(), Some(format!("progress cannot be read: {error}")))
        });
        if let Some(text) = &warning {
            reporter.warn(text);
        }
        let workbook_edits = WorkbookPins::load(&session.workbook)?.edits(&session.workbook)?;
        let common = Common::read(&session.workbook.root)?;
        Ok(Self { session, store, progress, workbook_edits, common, _turn: turn })
    }

    /// The judgement of the learner's files as they are now.
    pub(super) fn judge(
        &self,
        exercise: &Exercise,
        reporter: &mut dyn Reporter,
    ) -> Result<KnownOrNew, Error> {
        let found = self.known_or_new(exercise, reporter)?;
        let KnownOrNew { judgement, cached, .. } = &found;
        reporter.emit(&Event::Judged { exercise, judgement, cached: *cached });
        Ok(found)
    }

    fn known_or_new(
        &self,
        exercise: &Exercise,
        reporter: &mut dyn Reporter,
    ) -> Result<KnownOrNew, Error> {
        let workbook = &self.session.workbook;
        if self.session.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let pins = Pins::load(workbook, exercise)?;
        let mut edits = pins.edits(workbook, exercise)?;
        edits.extend(self.workbook_edits.iter().cloned());
        if let Some(judgement) = missing_source(workbook, exercise) {
            return Ok(KnownOrNew::by_looking(pins, judgement));
        }
        if let Some(judgement) = judge_edits(&exercise.name, &edits) {
            return Ok(KnownOrNew::by_looking(pins, judgement));
        }
        if pins.is_untouched(workbook, exercise)? {
            let judgement = Judgement::without_tests(Verdict::NotStarted, None, None);
            return Ok(KnownOrNew::by_looking(pins, judgement));
        }
        let candidate = Candidate::in_place(workbook, exercise, &pins);
        let inputs = Inputs::read_beside(&candidate, &self.common)?;
        let entry = self.entry(exercise);
        if let Some(known) = entry.known(inputs.hash()) {
            let (judgement, warnings) = (known.clone(), entry.warnings.clone());
            return Ok(KnownOrNew { pins, judgement, cached: true, warnings });
        }
        let Judged { judgement, valid_for, mut warnings } =
            judge(&candidate, &inputs, &self.session.stop, reporter)?;
        warnings.retain(|warning| names_own_file(exercise, warning));
        let saved = self
            .store
            .update(&exercise.name, |entry| entry.remember(valid_for, &judgement, &warnings));
        if let Err(error) = saved {
            let text = format!("the verdict stands, but is not remembered: {error}");
            reporter.warn(&text);
        }
        Ok(KnownOrNew { pins, judgement, cached: false, warnings })
    }

    pub(super) fn entry(&self, exercise: &Exercise) -> Entry {
        self.progress.entry(&exercise.name)
    }

    fn status(&self, exercise: &'a Exercise, found: KnownOrNew) -> ExerciseStatus<'a> {
        let KnownOrNew { pins, judgement, cached, warnings } = found;
        let workbook = &self.session.workbook;
        let directory = workbook.exercise_path(exercise);
        let text = |file: &Path| files::read(&directory.join(file)).unwrap_or_default();
        let hints = text(Path::new("hints.md"));
        let readme = text(Path::new("README.md"));
        let source = text(&exercise.edit[0]);
        let line_to_open = LineToOpen { exercise, source: &source, given: &pins.files };
        let entry = self.entry(exercise);
        let has_passed = |it: &Judgement| it.verdict == Verdict::Passed;
        // Where the hash does not cover everything, it is judged each time.
        let is_old =
            entry.fingerprint.is_none() && entry.judgement.as_ref().is_some_and(has_passed);
        let since = entry.passing.as_ref().and_then(|passing| Since::new(passing, &judgement));
        ExerciseStatus {
            exercise,
            is_new_pass: has_passed(&judgement) && !cached && !is_old,
            hints_given: entry.hints.len(),
            hints: hints::hints(&hints).len(),
            line_to_open: line_to_open.first(&judgement),
            on_own_lines: line_to_open.on_own_lines(&judgement),
            claim: readme::claim_verdict(&readme),
            since: since.filter(|_| !cached),
            warnings,
            judgement,
        }
    }

    /// What is next, which is remembered.
    fn next(
        &self,
        known: &[Known<'a>],
        asked: &[ExerciseStatus<'a>],
    ) -> Option<ExerciseStatus<'a>> {
        let next = next::choose(known, self.progress.next());
        let name = next.map(|exercise| exercise.name.as_str());
        let is_asked = |it: &&Known<'_>| {
            asked.iter().any(|status| status.exercise.number == it.exercise.number)
        };
        let edited: Vec<(&str, u64)> = known
            .iter()
            .filter(|it| it.is_begun)
            .filter(is_asked)
            .map(|it| (it.exercise.name.as_str(), it.edited))
            .collect();
        // It was said before if progress cannot be kept; without it the next check may choose another.
        let _ = self.store.remember_next(name, &edited);
        let next = next?;
        let judged = asked.iter().find(|status| status.exercise.number == next.number);
        Some(judged.cloned().unwrap_or_else(|| {
            let not_started = || Judgement::without_tests(Verdict::NotStarted, None, None);
            let Entry { judgement, warnings, .. } = self.entry(next);
            let judgement = judgement.unwrap_or_else(not_started);
            let pins = Pins::load(&self.session.workbook, next).unwrap_or_default();
            self.status(next, KnownOrNew { pins, judgement, cached: true, warnings })
        }))
    }
}

/// Whether a warning of the compiler's is about a file that the learner edits.
fn names_own_file(exercise: &Exercise, warning: &str) -> bool {
    let directory = Path::new("exercises").join(&exercise.directory);
    let names = |file: &Path| warning.contains(&format!("--> {}:", directory.join(file).display()));
    exercise.edit.iter().any(|file| names(file))
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
    let evidence = Some(Evidence::text(message));
    Some(Judgement::without_tests(Verdict::DoesNotCompile, evidence, None))
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
            reporter.warn(&text);
            return Ok(None);
        }
    }
    let text = "another checker is at work in this workbook; waiting for it to finish";
    reporter.warn(text);
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
