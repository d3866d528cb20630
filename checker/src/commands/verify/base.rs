//! An exercise without its known-wrong solutions: texts, pins, stub, solution.

use std::path::Path;

use sandbox::Stop;

use super::Verified;
use super::missing::{missing, unwritten};
use crate::Error;
use crate::commands::{Session, pin, why};
use crate::event::Silent;
use crate::judge::candidate::{BuildDir, Sources};
use crate::judge::compile::Recipe;
use crate::judge::inputs::Inputs;
use crate::judge::{COMPARISON, EXPERIMENT, Judged, judge};
use crate::solutions::Solutions;
use crate::solutions::not_applicable::NotApplicable;
use crate::system::files;
use crate::verdict::{Outcome, Verdict};
use crate::workbook::Workbook;
use crate::workbook::curriculum::{Exercise, FILE, Problem};
use crate::workbook::hints;
use crate::workbook::pins::Pins;

/// The most lines that a stub may have.
const STUB_LINES: usize = 80;

/// Where cargo builds. Neither changes often, and both stay built.
pub(super) struct Slots {
    pub(super) stubs: BuildDir,
    pub(super) solutions: BuildDir,
}

/// What the known-wrong solutions of an exercise stand on.
pub(super) struct Base<'a> {
    /// What was found out so far.
    pub(super) verified: Verified<'a>,
    pub(super) pins: Pins,
    /// How its programs are made.
    pub(super) recipe: Recipe,
}

/// Verifies an exercise but for its known-wrong solutions.
pub(super) fn verify_base<'a>(
    session: &'a Session,
    exercise: &'a Exercise,
    slots: &Slots,
) -> Result<Base<'a>, Error> {
    let workbook = &session.workbook;
    let pinned = Pins::load_if_there(workbook, exercise)?;
    let (now, recipe) = pin::current(workbook, exercise, &slots.stubs, &session.stop)?;
    let mut verification = Verification {
        workbook,
        stop: &session.stop,
        pins: pinned.clone().unwrap_or_else(|| now.clone()),
        result: Verified {
            exercise,
            stub: (0, 0),
            solution: 0,
            alternatives: Vec::new(),
            wrong: Vec::new(),
            not_applicable: Vec::new(),
            degenerate: Vec::new(),
            problems: Vec::new(),
        },
    };
    verification.result.problems.extend(unwritten(workbook, exercise)?);
    verification.texts()?;
    verification.pins(pinned.as_ref(), &now);
    verification.groups();
    verification.stub(&slots.stubs)?;
    verification.solution(&slots.solutions)?;
    verification.result.problems.extend(missing(workbook, exercise)?);
    verification.kinds()?;
    let Verification { pins, result, .. } = verification;
    Ok(Base { verified: result, pins, recipe })
}

/// What a README may say of a claim.
const VERDICTS: [&str; 4] = ["holds", "holds with limits", "half wrong", "wrong"];

/// The verdict on a single claim begins `**Holds.**`; of several claims each has one: `**C16: holds.**`.
/// Where the notes have a heading and no sentence there is `**Nothing to judge.**`.
fn missing_verdicts(readme: &str, claims: &[String]) -> Vec<String> {
    let readme = readme.to_lowercase();
    let is_there = |text: &str| readme.contains(&format!("**{}.**", text.to_lowercase()));
    let choice = VERDICTS.join(", ");
    if claims.len() < 2 {
        let found = VERDICTS.iter().chain(&["nothing to judge"]).any(|verdict| is_there(verdict));
        let problem = format!("README.md: the verdict is none of: {choice}");
        return if found { Vec::new() } else { vec![problem] };
    }
    let has_verdict =
        |claim: &String| VERDICTS.iter().any(|verdict| is_there(&format!("{claim}: {verdict}")));
    let problem =
        |claim| format!("README.md: `**{claim}: ….**` is missing; it is one of: {choice}");
    claims.iter().filter(|claim| !has_verdict(claim)).map(problem).collect()
}

struct Verification<'a> {
    workbook: &'a Workbook,
    stop: &'a Stop,
    pins: Pins,
    result: Verified<'a>,
}

impl Verification<'_> {
    fn problem(&mut self, text: impl Into<String>) {
        self.result.problems.push(text.into());
    }

    /// Every kind of mistake is tried, or there is a reason why not.
    fn kinds(&mut self) -> Result<(), Error> {
        let Some(list) = NotApplicable::load(self.workbook)? else { return Ok(()) };
        let exercise = self.result.exercise;
        let tried = Solutions::new(self.workbook, exercise).kinds_tried()?;
        self.result.problems.extend(list.problems(&exercise.name, &tried));
        self.result.not_applicable = list.of(&exercise.name);
        Ok(())
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
        for problem in missing_verdicts(&readme, &exercise.claims) {
            self.problem(problem);
        }
        let hints = files::read(&directory.join("hints.md"))?;
        let hints = hints::hints(&hints);
        if hints.len() < 3 {
            self.problem("hints.md: fewer than three hints");
        }
        for problem in hints::problems(&hints, exercise.groups.len()) {
            self.problem(format!("hints.md: {problem}"));
        }
        for file in &exercise.edit {
            let lines = self.pins.stub(file).map_or(0, |stub| stub.lines().count());
            if lines == 0 || lines > STUB_LINES {
                self.problem(format!(
                    "{}: a stub of {lines} lines (at most {STUB_LINES})",
                    file.display()
                ));
            }
        }
        if self.pins.snapshot().is_none() {
            self.problem("snapshots/experiment.snap is missing");
        }
        Ok(())
    }

    fn pins(&mut self, pinned: Option<&Pins>, now: &Pins) {
        let name = &self.result.exercise.name;
        let Some(pinned) = pinned else {
            return self.problem(format!("there are no pins yet: `checker pin {name}`"));
        };
        let paths = now.files.keys().chain(pinned.files.keys());
        let mut changed: Vec<&Path> = paths
            .filter(|path| now.files.get(*path) != pinned.files.get(*path))
            .map(|path| path.as_path())
            .collect();
        changed.sort();
        changed.dedup();
        let mut changed: Vec<String> =
            changed.into_iter().map(|path| path.display().to_string()).collect();
        if changed.is_empty() && now.tests != pinned.tests {
            changed.push("the list of tests".to_owned());
        }
        if !changed.is_empty() {
            self.problem(format!(
                "the pins are not current ({}); if that is meant: `checker pin {name}`",
                changed.join(", ")
            ));
        }
    }

    /// Every test of the exercise belongs to one group of it, if it has any.
    fn groups(&mut self) {
        let tests = self.pins.tests.iter();
        let tests = tests
            .flat_map(|(target, tests)| tests.iter().map(move |it| (target.as_str(), it.as_str())));
        let mut tests: Vec<(&str, &str)> = tests.collect();
        tests.extend(self.pins.snapshot().map(|_| (EXPERIMENT, COMPARISON)));
        for problem in self.result.exercise.problems_of_groups(&tests) {
            let Problem { line, problem, remedy } = problem;
            self.problem(format!("{FILE}:{line}: {problem}. {remedy}"));
        }
    }

    fn stub(&mut self, build_dir: &BuildDir) -> Result<(), Error> {
        let judged = self.judge(build_dir, &Sources::new())?;
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

    fn solution(&mut self, build_dir: &BuildDir) -> Result<(), Error> {
        let sources = match Solutions::new(self.workbook, self.result.exercise).reference() {
            Ok(sources) => sources,
            Err(error) => {
                self.problem(format!("the solution cannot be judged: {error}"));
                return Ok(());
            }
        };
        let judged = self.judge(build_dir, &sources)?;
        let judgement = &judged.judgement;
        self.result.solution = judgement.passed();
        if judgement.verdict != Verdict::Passed {
            let (name, why) = (&self.result.exercise.name, why(judgement));
            let remedy = match judgement.verdict {
                Verdict::OutputDiffers => {
                    format!("\nif that is meant: `make accept-snapshots E={name}`")
                }
                _ => String::new(),
            };
            self.problem(format!("the solution must pass; it is: {why}{remedy}"));
        }
        self.no_warnings("the solution", &judged);
        Ok(())
    }

    fn no_warnings(&mut self, what: &str, judged: &Judged) {
        if let Some(warning) = judged.warnings.first() {
            self.problem(format!("{what} compiles with a warning:\n{}", warning.trim_end()));
        }
    }

    fn judge(&self, build_dir: &BuildDir, sources: &Sources) -> Result<Judged, Error> {
        if self.stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let candidate = build_dir.lay(self.result.exercise, &self.pins, sources)?;
        judge(&candidate, &Inputs::read(&candidate)?, self.stop, &mut Silent)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::missing_verdicts;

    #[rstest]
    #[case::it_holds(&["C7"], "**Holds.** A count.", 0)]
    #[case::nothing_is_claimed(&["C20"], "**Nothing to judge.** A heading.", 0)]
    #[case::none(&["C7"], "A count.", 1)]
    #[case::one_for_two_claims(&["C14", "C19"], "**Holds with limits.** The memory is shared.", 2)]
    #[case::one_is_missing(&["C14", "C19"], "**C14: holds.** Shared. A guest must not return.", 1)]
    #[case::one_for_each(&["C14", "C19"], "**C14: holds.** Shared.\n\n**C19: half wrong.** Not so.", 0)]
    fn each_claim_has_its_verdict(
        #[case] claims: &[&str],
        #[case] readme: &str,
        #[case] missing: usize,
    ) {
        let claims: Vec<String> = claims.iter().map(ToString::to_string).collect();
        assert_eq!(missing_verdicts(readme, &claims).len(), missing);
    }
}
