//! `checker claims`: the claims of the lecture notes, whether they hold, and the evidence that runs now.

use std::collections::BTreeMap;
use std::path::Path;

use sandbox::End;

use crate::event::Event;
use crate::evidence::Evidence;
use crate::findings::{ClaimFound, Seen, Trial, Whose};
use crate::judge::candidate::{BuildDir, Candidate};
use crate::judge::compile::{Compiled, compile};
use crate::judge::inputs::{Common, Inputs};
use crate::judge::panics::panics;
use crate::judge::run_tests::{run_experiment, unnatural_end};
use crate::progress::{Progress, Store};
use crate::report::{Report, Reporter};
use crate::solutions::Solutions;
use crate::system::files;
use crate::verdict::Verdict;
use crate::workbook::curriculum::{Claim, Exercise};
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;
use super::next::remembered_verdict;

/// The argument with which an experiment measures.
const MEASURE: &str = "evidence";

/// Shows all claims, each with the evidence of one exercise, or one claim with that of every exercise; exit 1
/// if evidence is missing.
pub fn claims(
    session: &Session,
    asked: Option<&str>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let curriculum = &session.workbook.curriculum;
    let asked = asked.map(|name| curriculum.find_claim(name)).transpose()?;
    if curriculum.claims.is_empty() {
        return Err(Error::Refused(
            "the curriculum of this workbook has no claims: exercises/curriculum.toml has no [[claim]]"
                .to_owned(),
        ));
    }
    let _turn = super::judging::wait_for_turn(session, reporter)?;
    let (progress, warning) = Store::new(&session.workbook).load()?;
    if let Some(text) = &warning {
        reporter.warn(text);
    }
    let common = Common::read(&session.workbook.root)?;
    let mut experiments = Experiments { session, progress, common, printed: BTreeMap::new() };
    let mut found = Vec::new();
    for claim in curriculum.claims.iter().filter(|it| asked.is_none_or(|asked| asked == *it)) {
        let claim = experiments.try_claim(claim, asked.is_some(), reporter)?;
        reporter.report(Report::Claim { claim: &claim, in_full: asked.is_some() });
        found.push(claim);
    }
    let complete = !found.iter().any(ClaimFound::lacks_evidence);
    let exit = if complete { Exit::Passed } else { Exit::NotPassed };
    reporter.report(Report::Claims { claims: &found, exit });
    Ok(exit)
}

/// The experiments that were run, each once.
struct Experiments<'a> {
    session: &'a Session,
    progress: Progress,
    common: Common,
    /// By exercise and whether it was to measure.
    printed: BTreeMap<(&'a str, bool), Printed>,
}

/// What became of an experiment.
#[derive(Clone)]
enum Printed {
    /// It came to its end.
    Output {
        stdout: String,
        whose: Whose,
        command: String,
    },
    Failed {
        why: String,
        whose: Whose,
    },
    /// There is no code to run.
    Locked,
}

impl<'a> Experiments<'a> {
    /// Tries a claim by each of its exercises, or by one: the first that passes, or else the first.
    fn try_claim(
        &mut self,
        claim: &'a Claim,
        by_each: bool,
        reporter: &mut dyn Reporter,
    ) -> Result<ClaimFound<'a>, Error> {
        let session = self.session;
        let exercises: Vec<&Exercise> = session.workbook.curriculum.trying(claim).collect();
        let verdicts: Vec<Option<Verdict>> =
            exercises.iter().map(|exercise| self.verdict(exercise)).collect();
        let passed = verdicts.iter().position(|verdict| *verdict == Some(Verdict::Passed));
        let speaker = passed.unwrap_or(0);
        let mut trials = Vec::new();
        for (index, (exercise, verdict)) in exercises.into_iter().zip(verdicts).enumerate() {
            let seen = if by_each || index == speaker {
                self.seen(claim, exercise, verdict, reporter)?
            } else {
                Seen::NotRun
            };
            trials.push(Trial { exercise, verdict, told_at: told_at(session, exercise), seen });
        }
        Ok(ClaimFound { claim, trials })
    }

    fn verdict(&self, exercise: &Exercise) -> Option<Verdict> {
        let entry = self.progress.entry(&exercise.name);
        remembered_verdict(&self.session.workbook, &self.common, exercise, &entry)
    }

    fn seen(
        &mut self,
        claim: &Claim,
        exercise: &'a Exercise,
        verdict: Option<Verdict>,
        reporter: &mut dyn Reporter,
    ) -> Result<Seen, Error> {
        let shows = claim.shows.get(&exercise.name);
        let key = (exercise.name.as_str(), shows.is_none());
        let printed = match self.printed.get(&key) {
            Some(printed) => printed.clone(),
            None => {
                let printed = self.print(exercise, verdict, shows.is_none(), reporter)?;
                self.printed.insert(key, printed.clone());
                printed
            }
        };
        Ok(match (printed, shows) {
            (Printed::Output { stdout, whose, command }, Some(line)) => {
                Seen::shown(&stdout, line, whose, command)
            }
            (Printed::Output { stdout, whose, command }, None) => {
                Seen::measured(&stdout, &claim.name, whose, command)
            }
            (Printed::Failed { why, whose }, _) => Seen::Failed { why, whose },
            (Printed::Locked, _) => Seen::Locked,
        })
    }

    /// Runs an experiment. What goes wrong with one is said of it, and the others still run.
    fn print(
        &self,
        exercise: &Exercise,
        verdict: Option<Verdict>,
        measures: bool,
        reporter: &mut dyn Reporter,
    ) -> Result<Printed, Error> {
        let workbook = &self.session.workbook;
        let whose = if verdict == Some(Verdict::Passed) {
            Whose::Yours
        } else if Solutions::new(workbook, exercise).are_there() {
            Whose::Reference
        } else {
            return Ok(Printed::Locked);
        };
        match self.run(exercise, whose, measures, reporter) {
            Err(Error::Interrupted) => Err(Error::Interrupted),
            Err(error) => Ok(Printed::Failed { why: error.to_string(), whose }),
            Ok(Err(why)) => Ok(Printed::Failed { why, whose }),
            Ok(Ok((stdout, command))) => Ok(Printed::Output { stdout, whose, command }),
        }
    }

    /// What an experiment prints, and the command; or why it does not come to its end.
    fn run(
        &self,
        exercise: &Exercise,
        whose: Whose,
        measures: bool,
        reporter: &mut dyn Reporter,
    ) -> Result<Result<(String, String), String>, Error> {
        let Session { workbook, stop } = self.session;
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let pins = Pins::load(workbook, exercise)?;
        let candidate = match whose {
            Whose::Yours => Candidate::in_place(workbook, exercise, &pins),
            Whose::Reference => {
                let build_dir = BuildDir::prepare(workbook, "solution")?;
                build_dir.lay(exercise, &pins, &Solutions::new(workbook, exercise).reference()?)?
            }
        };
        reporter.emit(&Event::Compiling { exercise });
        let programs = match compile(&candidate, &Inputs::read(&candidate)?, stop, reporter)? {
            Compiled::Programs(programs) => programs,
            Compiled::Errors(_) => return Ok(Err("it does not compile".to_owned())),
            Compiled::Endless => return Ok(Err("the compiler does not come to an end".to_owned())),
            Compiled::Unclear(unclear) => return Err(unclear.as_error_of_the_machine(&candidate)),
        };
        let Some(program) = programs.programs.get(&exercise.name) else {
            return Ok(Err("it has no experiment (no src/main.rs)".to_owned()));
        };
        reporter.emit(&Event::Running { exercise });
        let args: Vec<_> = measures.then(|| MEASURE.into()).into_iter().collect();
        let observation = run_experiment(&candidate, program, args, None, stop)?;
        if observation.end == End::Stopped {
            return Err(Error::Interrupted);
        }
        let shown = program.strip_prefix(&workbook.root).unwrap_or(program).display();
        let command = if measures { format!("{shown} {MEASURE}") } else { shown.to_string() };
        match observation.end {
            End::Exited(0) => Ok(Ok((observation.stdout.text, command))),
            End::Exited(code) => {
                let said = observation.stderr.text.trim();
                Ok(Err(format!("`{command}` exited with code {code}: {said}")))
            }
            _ => {
                let last = panics(&observation.stderr.text).pop().map(Evidence::Panic);
                let (_, evidence) = unnatural_end(&candidate, &observation, last);
                let words = evidence.map(|it| it.to_string()).unwrap_or_default();
                Ok(Err(format!("`{command}`: {words}")))
            }
        }
    }
}

/// Where the README of an exercise tells its verdict.
fn told_at(session: &Session, exercise: &Exercise) -> String {
    let directory = session.workbook.exercise_path(exercise);
    let readme = files::read(&directory.join("README.md")).unwrap_or_default();
    let line = readme.lines().zip(1..).find(|(line, _)| *line == "## Verdict");
    let file = Path::new("exercises").join(&exercise.directory).join("README.md");
    match line {
        Some((_, line)) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    }
}
