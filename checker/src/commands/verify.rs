//! `checker verify`: the tests of the exercises are tested.
//!
//! For every exercise: the stub compiles without a warning and fails, the solution passes, every
//! known-wrong solution is caught by the test that it names, the pins are current, the texts are
//! complete, the solution mirrors the exercise.

use std::fs;
use std::path::Path;

use sandbox::Stop;

use crate::candidate::{Slot, Sources, read_sources};
use crate::curriculum::Exercise;
use crate::event::Silent;
use crate::judge::{Judged, judge};
use crate::pristine::{Foundation, Pristine};
use crate::report::Reporter;
use crate::verdict::{Outcome, Verdict};
use crate::workbook::Workbook;
use crate::{Error, Exit, files};

use super::Session;
use super::declaration::Declaration;
use super::parallel::{at_once, in_parallel};

/// The most lines that a stub may have.
const STUB_LINES: usize = 80;

/// What was found out about an exercise.
#[derive(Debug)]
pub struct Verified<'a> {
    /// Which.
    pub exercise: &'a Exercise,
    /// How many of the stub's tests fail, and how many there are.
    pub stub: (usize, usize),
    /// How many tests the solution passes.
    pub solution: usize,
    /// The known-wrong solutions.
    pub wrong: Vec<Wrong>,
    /// Everything that is not as it must be.
    pub problems: Vec<String>,
}

/// What became of a known-wrong solution.
#[derive(Debug)]
pub struct Wrong {
    /// Its file's name without the extension.
    pub name: String,
    /// The test that caught it, if it was caught as declared.
    pub caught_by: Option<String>,
}

/// Verifies the asked exercises; with none named, the workbook's own files too.
pub fn verify(
    session: &Session,
    names: &[String],
    skip_wrong: bool,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let _turn = super::check::wait_for_turn(session, reporter)?;
    // Two places: solutions seldom change and stay built; stubs and wrong ones take turns.
    let slots = Slots {
        solutions: Slot::prepare(workbook, "solution")?,
        trials: Slot::prepare(workbook, "trial")?,
    };
    let asked = session.asked(names)?;
    let mut verified = Vec::new();
    in_parallel(
        at_once(),
        &asked,
        |exercise| verify_exercise(session, exercise, &slots, skip_wrong),
        |result| {
            reporter.verified(&result);
            verified.push(result);
        },
    )?;
    let mut general = Vec::new();
    if names.is_empty() {
        for edit in Foundation::load(workbook)?.edits(workbook)? {
            general.push(format!("{edit}; if that is meant: `checker pin`"));
        }
    }
    let clean = general.is_empty() && verified.iter().all(|one| one.problems.is_empty());
    let exit = if clean { Exit::Passed } else { Exit::NotPassed };
    reporter.verification(&verified, &general, exit);
    Ok(exit)
}

/// Where candidates are laid.
struct Slots {
    solutions: Slot,
    trials: Slot,
}

fn verify_exercise<'a>(
    session: &'a Session,
    exercise: &'a Exercise,
    slots: &Slots,
    skip_wrong: bool,
) -> Result<Verified<'a>, Error> {
    let mut verification = Verification {
        workbook: &session.workbook,
        stop: &session.stop,
        pristine: Pristine::load(&session.workbook, exercise)?,
        result: Verified {
            exercise,
            stub: (0, 0),
            solution: 0,
            wrong: Vec::new(),
            problems: Vec::new(),
        },
    };
    verification.texts()?;
    verification.mirror();
    verification.pins(&slots.trials)?;
    verification.stub(&slots.trials)?;
    verification.solution(&slots.solutions)?;
    if !skip_wrong {
        verification.wrong_solutions(&slots.trials)?;
    }
    Ok(verification.result)
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
        if super::hint::stages(&hints).len() < 3 {
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

    /// Beside the solution's own files lie links to the exercise's, and nothing else but `wrong/`.
    fn mirror(&mut self) {
        let exercise = self.result.exercise;
        let own = self.workbook.exercise_path(exercise);
        let solution = self.workbook.solution_path(exercise);
        for path in self.pristine.files.keys() {
            if path.starts_with("snapshots") {
                continue;
            }
            let mirrored = solution.join(path);
            if exercise.edit.contains(path) {
                if !mirrored.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
                    self.result.problems.push(format!("solutions: {} is missing", path.display()));
                }
            } else if fs::canonicalize(&mirrored).ok() != fs::canonicalize(own.join(path)).ok() {
                let text = format!("solutions: {} is no link to the exercise's", path.display());
                self.result.problems.push(text);
            }
        }
    }

    fn pins(&mut self, slot: &Slot) -> Result<(), Error> {
        let exercise = self.result.exercise;
        let now = super::pin::current(self.workbook, exercise, slot, self.stop)?;
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
        Ok(())
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
        let directory = self.workbook.solution_path(self.result.exercise);
        let sources = match read_sources(self.result.exercise, &directory) {
            Ok(sources) => sources,
            Err(error) => {
                self.problem(format!("the solution cannot be judged: {error}"));
                return Ok(());
            }
        };
        let judged = self.judge(slot, &sources)?;
        let judgement = &judged.judgement;
        self.result.solution =
            judgement.tests.iter().filter(|test| test.outcome == Outcome::Passed).count();
        if judgement.verdict != Verdict::Passed {
            let mut text =
                format!("the solution must pass; it is: {}", judgement.verdict.in_words());
            if let Some(test) = judgement.first_unpassed() {
                text.push_str(&format!("\n{}\n", test.name));
                text.push_str(test.message.as_deref().unwrap_or_default());
            }
            text.push_str(judgement.message.as_deref().unwrap_or_default());
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

    fn wrong_solutions(&mut self, slot: &Slot) -> Result<(), Error> {
        let exercise = self.result.exercise;
        let directory = self.workbook.solution_path(exercise).join("wrong");
        for path in files::files_below(&directory)? {
            let name = path.with_extension("").display().to_string();
            let text = files::read(&directory.join(&path))?;
            let caught_by = match Declaration::parse(&text) {
                Some(declaration) => self.wrong_solution(slot, text, &declaration)?,
                None => Err("it must begin with Misconception, Caught by and Message".to_owned()),
            };
            if let Err(problem) = &caught_by {
                self.problem(format!("wrong/{name}.rs: {problem}"));
            }
            self.result.wrong.push(Wrong { name, caught_by: caught_by.ok() });
        }
        Ok(())
    }

    /// The declared test alone must catch it; the others may hang on it for as long as they like.
    fn wrong_solution(
        &self,
        slot: &Slot,
        text: String,
        declaration: &Declaration,
    ) -> Result<Result<String, String>, Error> {
        let sources = Sources::from([(self.result.exercise.edit[0].clone(), text)]);
        let declared = self.pristine.only(&declaration.caught_by);
        if !declared.tests.is_empty() {
            let checked = declaration.check(&self.judge_with(&declared, slot, &sources)?.judgement);
            if checked.is_ok() {
                return Ok(checked);
            }
        }
        // Which test does catch it, if any?
        Ok(declaration.check(&self.judge(slot, &sources)?.judgement))
    }

    fn judge(&self, slot: &Slot, sources: &Sources) -> Result<Judged, Error> {
        self.judge_with(&self.pristine, slot, sources)
    }

    fn judge_with(
        &self,
        pristine: &Pristine,
        slot: &Slot,
        sources: &Sources,
    ) -> Result<Judged, Error> {
        if self.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let candidate = slot.lay(self.result.exercise, pristine, sources)?;
        judge(&candidate, self.stop, &mut Silent)
    }
}
