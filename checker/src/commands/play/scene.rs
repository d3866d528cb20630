//! What is played: whose code, and which test.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::event::Event;
use crate::judge::candidate::{BuildDir, Candidate};
use crate::judge::compile::{Compiled, Programs, compile};
use crate::judge::inputs::Inputs;
use crate::judge::run_played::playable;
use crate::play::{Sources, Subject};
use crate::progress::Store;
use crate::report::Reporter;
use crate::solutions::{Play, Solutions};
use crate::system::files;
use crate::verdict::Outcome;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

use super::arguments::PlayArguments;
use crate::commands::Session;

/// Code, and the test that is played.
pub struct Scene<'a> {
    pub candidate: Candidate<'a>,
    /// The test program.
    pub program: PathBuf,
    /// The test's name.
    pub test: String,
    /// What the player is to do, if the code is given.
    task: Option<String>,
}

impl<'a> Scene<'a> {
    /// The learner's code; before there is any that compiles, code that is given.
    pub fn new(
        session: &'a Session,
        exercise: &'a Exercise,
        pins: &'a Pins,
        arguments: &PlayArguments,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, Error> {
        let workbook = &session.workbook;
        let own = Candidate::in_place(workbook, exercise, pins);
        refuse_if_nothing_is_playable(session, &own)?;
        if arguments.warm_up {
            return warm_up(session, exercise, pins, arguments, reporter);
        }
        if pins.is_untouched(workbook, exercise)? {
            reporter.note(&format!("`{}` is not started: this is a warm-up.", exercise.name));
            return warm_up(session, exercise, pins, arguments, reporter);
        }
        let programs = match compiled(session, &own, reporter)? {
            Ok(programs) => programs,
            Err(errors) => {
                reporter
                    .note(&format!("{errors}\n\nYour code does not compile: this is a warm-up."));
                return warm_up(session, exercise, pins, arguments, reporter);
            }
        };
        let (target, test) = match &arguments.test {
            Some(asked) => named(&own, asked)?,
            None => failing(session, &own)?,
        };
        let program = program_of(&programs, &target)?;
        Ok(Self { candidate: own, program, test, task: None })
    }

    /// What is told of it.
    pub fn subject(&self) -> Subject {
        Subject {
            exercise: self.candidate.exercise.name.clone(),
            test: self.test.clone(),
            task: self.task.clone(),
        }
    }

    /// The code that threads can be in: what the learner edits, and the tests.
    pub fn sources(&self) -> Result<Sources, Error> {
        let (exercise, pins) = (self.candidate.exercise, self.candidate.pins);
        let tests = pins.files.keys().filter(|path| path.starts_with("tests"));
        let mut sources = Sources::default();
        for path in exercise.edit.iter().chain(tests) {
            let text = files::read(&self.candidate.directory().join(path))?;
            sources.add(Path::new("exercises").join(&exercise.directory).join(path), &text);
        }
        Ok(sources)
    }
}

/// A known-wrong solution that says that it may be played.
fn warm_up<'a>(
    session: &'a Session,
    exercise: &'a Exercise,
    pins: &'a Pins,
    arguments: &PlayArguments,
    reporter: &mut dyn Reporter,
) -> Result<Scene<'a>, Error> {
    let solutions = Solutions::new(&session.workbook, exercise);
    let name = &exercise.name;
    if !solutions.are_there() {
        return Err(Error::Refused(format!(
            "there is nothing to warm up with: this copy of the workbook has no solutions, so none that are known to \
             be wrong. Write some code for `{name}`, and play that"
        )));
    }
    let Some((Play { test, task }, sources)) = solutions.to_play()? else {
        let message =
            format!("there is nothing to warm up with in `{name}`: write some code, and play that");
        return Err(Error::Refused(message));
    };
    let build_dir = BuildDir::prepare(&session.workbook, "solution")?;
    let candidate = build_dir.lay(exercise, pins, &sources)?;
    let programs = compiled(session, &candidate, reporter)?.map_err(|errors| Error::Format {
        path: solutions.directory().to_owned(),
        problem: format!("the known-wrong solution to play does not compile:\n{errors}"),
        remedy: "`checker verify` says what is wrong with it.".to_owned(),
    })?;
    let asked = arguments.test.as_deref().unwrap_or(&test);
    let (target, asked) = named(&candidate, asked)?;
    let task = (asked == test).then_some(task);
    let program = program_of(&programs, &target)?;
    Ok(Scene { candidate, program, test: asked, task })
}

/// The programs, or what the compiler says.
fn compiled(
    session: &Session,
    candidate: &Candidate<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Result<Programs, String>, Error> {
    reporter.emit(&Event::Compiling { exercise: candidate.exercise });
    Ok(match compile(candidate, &Inputs::read(candidate)?, &session.stop, reporter)? {
        Compiled::Programs(programs) => Ok(programs),
        Compiled::Errors(errors) => {
            Err(errors.first().map(|error| error.rendered.clone()).unwrap_or_default())
        }
        Compiled::Unclear(unclear) => return Err(unclear.as_error_of_the_machine(candidate)),
        Compiled::Endless => Err("the compiler does not come to an end".to_owned()),
    })
}

fn program_of(programs: &Programs, target: &str) -> Result<PathBuf, Error> {
    let program = programs.tests.get(target).cloned();
    program.ok_or_else(|| Error::Refused(format!("cargo built no test program `{target}`")))
}

/// Exercises without a test of schedules cannot be played: the others are named.
fn refuse_if_nothing_is_playable(session: &Session, own: &Candidate<'_>) -> Result<(), Error> {
    if !playable(own.exercise, own.pins).is_empty() {
        return Ok(());
    }
    let workbook = &session.workbook;
    let mut others = Vec::new();
    for exercise in &workbook.curriculum.exercises {
        let pins = Pins::load_if_there(workbook, exercise)?.unwrap_or_default();
        if !playable(exercise, &pins).is_empty() {
            others.push(exercise.name.as_str());
        }
    }
    let others = match others.as_slice() {
        [] => "no exercise of this workbook can be".to_owned(),
        names => format!("these can: {}", names.join(", ")),
    };
    let name = &own.exercise.name;
    let message =
        format!("`{name}` cannot be played, none of its tests explores schedules; {others}");
    Err(Error::Refused(message))
}

/// The test of this name, or the only one with this in its name.
fn named(candidate: &Candidate<'_>, asked: &str) -> Result<(String, String), Error> {
    let tests = playable(candidate.exercise, candidate.pins);
    let exact = tests.iter().find(|(_, name)| *name == asked);
    let similar: Vec<_> = tests.iter().filter(|(_, name)| name.contains(asked)).collect();
    let found = match (exact, similar.as_slice()) {
        (Some(exact), _) => Some(exact),
        (None, [only]) => Some(*only),
        _ => None,
    };
    if let Some((target, name)) = found {
        return Ok(((*target).to_owned(), (*name).to_owned()));
    }
    let (problem, names): (_, Vec<&str>) = if similar.is_empty() {
        ("no test that can be played", tests.iter().map(|(_, name)| *name).collect())
    } else {
        ("more than one test", similar.iter().map(|(_, name)| *name).collect())
    };
    let message =
        format!("{problem} has `{asked}` in its name; there are:\n  {}", names.join("\n  "));
    Err(Error::Refused(message))
}

/// The first test that is known to fail, else the first.
fn failing(session: &Session, own: &Candidate<'_>) -> Result<(String, String), Error> {
    let (progress, _) = Store::new(&session.workbook).load()?;
    let entry = progress.entry(&own.exercise.name);
    let inputs = Inputs::read(own)?;
    let known = entry.last(inputs.hash());
    let fails = |target: &str, name: &str| {
        let tests = known.iter().flat_map(|judgement| &judgement.tests);
        tests.into_iter().any(|test| {
            test.target == target && test.name == name && test.outcome == Outcome::Failed
        })
    };
    let tests = playable(own.exercise, own.pins);
    let chosen = tests.iter().find(|(target, name)| fails(target, name)).or(tests.first());
    let (target, name) = chosen.expect("something can be played");
    Ok(((*target).to_owned(), (*name).to_owned()))
}
