//! An exercise without its known-wrong solutions: texts, pins, stub, solution.

use std::path::Path;

use sandbox::Stop;

use super::Verified;
use crate::candidate::{Slot, Sources};
use crate::commands::{Session, hint, pin};
use crate::compile::Recipe;
use crate::curriculum::Exercise;
use crate::event::Silent;
use crate::judge::{Judged, judge};
use crate::pristine::Pristine;
use crate::solutions::Solutions;
use crate::verdict::{Judgement, Outcome, Verdict};
use crate::workbook::Workbook;
use crate::{Error, files};

/// The most lines that a stub may have.
const STUB_LINES: usize = 80;

/// Where cargo builds. Neither changes often, and both stay built.
pub(super) struct Slots {
    pub(super) stubs: Slot,
    pub(super) solutions: Slot,
}

/// What the known-wrong solutions of an exercise stand on.
pub(super) struct Base<'a> {
    /// What was found out so far.
    pub(super) verified: Verified<'a>,
    pub(super) pristine: Pristine,
    /// How its programs are made.
    pub(super) recipe: Recipe,
}

/// Verifies an exercise but for its known-wrong solutions.
pub(super) fn verify_base<'a>(
    session: &'a Session,
    exercise: &'a Exercise,
    slots: &Slots,
) -> Result<Base<'a>, Error> {
    let mut verification = Verification {
        workbook: &session.workbook,
        stop: &session.stop,
        pristine: Pristine::load(&session.workbook, exercise)?,
        result: Verified {
            exercise,
            stub: (0, 0),
            solution: 0,
            alternatives: Vec::new(),
            wrong: Vec::new(),
            problems: Vec::new(),
        },
    };
    verification.texts()?;
    let recipe = verification.pins(&slots.stubs)?;
    verification.stub(&slots.stubs)?;
    verification.solution(&slots.solutions)?;
    let Verification { pristine, result, .. } = verification;
    Ok(Base { verified: result, pristine, recipe })
}

struct Verification<'a> {
    workbook: &'a Workbook,
    stop: &'a Stop,
    pristine: Pristine,
    result: Verified<'a>,
}

impl Verification<'_> {
    fn problem(&mut self, text: impl Into<String>) {
        self.result.problems.push(text.into());
    }

    /// README, hints and stub have the form that a reader relies on.
    fn texts(&mut self) -> Result<(), Error> {
        let exercise = self.result.exercise;
        let directory = self.workbook.exercise_path(exercise);
        let readme = files::read(&directory.join("README.md"))?;
        let title = format!("# {} {}: ", exercise.number, exercise.name);
        let mut wanted = vec![title, "## The picture".into(), "## The task".into()];
        wanted.extend(["## Read".into(), "## Verdict".into()]);
        wanted.extend(exercise.claims.iter().map(|claim| format!("> **Claim {claim}.**")));
        for wanted in wanted.into_iter().filter(|wanted| !readme.contains(wanted.as_str())) {
            self.problem(format!("README.md: `{wanted}` is missing"));
        }
        if !["**Holds.**", "**Holds with limits.**", "**Wrong.**"]
            .iter()
            .any(|v| readme.contains(v))
        {
            self.problem("README.md: the verdict is none of Holds, Holds with limits, Wrong");
        }
        let hints = files::read(&directory.join("hints.md"))?;
        if hint::stages(&hints).len() < 3 {
            self.problem("hints.md: fewer than three hints");
        }
        for file in &exercise.edit {
            let lines = self.pristine.stub(file).map_or(0, |stub| stub.lines().count());
            if lines == 0 || lines > STUB_LINES {
                self.problem(format!(
                    "{}: a stub of {lines} lines (at most {STUB_LINES})",
                    file.display()
                ));
            }
        }
        if self.pristine.snapshot().is_none() {
            self.problem("snapshots/experiment.snap is missing");
        }
        Ok(())
    }

    fn pins(&mut self, slot: &Slot) -> Result<Recipe, Error> {
        let exercise = self.result.exercise;
        let (now, recipe) = pin::current(self.workbook, exercise, slot, self.stop)?;
        let paths = now.files.keys().chain(self.pristine.files.keys());
        let mut changed: Vec<&Path> = paths
            .filter(|path| now.files.get(*path) != self.pristine.files.get(*path))
            .map(|path| path.as_path())
            .collect();
        changed.sort();
        changed.dedup();
        let mut changed: Vec<String> =
            changed.into_iter().map(|path| path.display().to_string()).collect();
        if changed.is_empty() && now.tests != self.pristine.tests {
            changed.push("the list of tests".to_owned());
        }
        if !changed.is_empty() {
            self.problem(format!(
                "the pins are not current ({}); if that is meant: `checker pin {}`",
                changed.join(", "),
                exercise.name
            ));
        }
        Ok(recipe)
    }

    fn stub(&mut self, slot: &Slot) -> Result<(), Error> {
        let judged = self.judge(slot, &Sources::new())?;
        let tests = &judged.judgement.tests;
        let failing = tests.iter().filter(|test| test.outcome != Outcome::Passed).count();
        self.result.stub = (failing, tests.len());
        if judged.judgement.verdict != Verdict::Failed {
            let found = judged.judgement.verdict.in_words();
            self.problem(format!("the stub must fail its tests; it is: {found}"));
        }
        self.no_warnings("the stub", &judged);
        Ok(())
    }

    fn solution(&mut self, slot: &Slot) -> Result<(), Error> {
        let sources = match Solutions::of(self.workbook, self.result.exercise).reference() {
            Ok(sources) => sources,
            Err(error) => {
                self.problem(format!("the solution cannot be judged: {error}"));
                return Ok(());
            }
        };
        let judged = self.judge(slot, &sources)?;
        let judgement = &judged.judgement;
        self.result.solution = judgement.passed();
        if judgement.verdict != Verdict::Passed {
            let text = format!("the solution must pass; it is: {}", why(judgement));
            self.problem(text);
        }
        self.no_warnings("the solution", &judged);
        Ok(())
    }

    fn no_warnings(&mut self, what: &str, judged: &Judged) {
        if let Some(warning) = judged.warnings.first() {
            self.problem(format!("{what} compiles with a warning:\n{}", warning.trim_end()));
        }
    }

    fn judge(&self, slot: &Slot, sources: &Sources) -> Result<Judged, Error> {
        if self.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let candidate = slot.lay(self.result.exercise, &self.pristine, sources)?;
        judge(&candidate, self.stop, &mut Silent)
    }
}

/// What code that must pass did instead.
pub(super) fn why(judgement: &Judgement) -> String {
    let mut text = judgement.verdict.in_words().to_owned();
    if let Some(test) = judgement.first_unpassed() {
        text.push_str(&format!("\n{}\n", test.name));
        text.push_str(test.message.as_deref().unwrap_or_default());
    }
    text.push_str(judgement.message.as_deref().unwrap_or_default());
    text
}
