//! `checker trace`: what an experiment's processes did, beside what the reference's did.

use std::ffi::OsString;
use std::path::Path;

use crate::event::Event;
use crate::judge::candidate::{BuildDir, Candidate};
use crate::judge::compile::{Compiled, compile};
use crate::judge::inputs::Inputs;
use crate::report::{Report, Reporter, picture};
use crate::solutions::Solutions;
use crate::system::files;
use crate::timeline::{Reference, Traced, trace};
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// Traces the learner's experiment and the reference's. What differs is shown and not graded; exit 1
/// only if it does not compile or does not come to its end.
pub fn trace_experiment(
    session: &Session,
    name: Option<&str>,
    args: &[OsString],
    svg: Option<&Path>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = session.named_or_next(name, reporter)?;
    let _turn = super::check::wait_for_turn(session, reporter)?;
    let pins = Pins::load(workbook, exercise)?;
    let own = Candidate::in_place(workbook, exercise, &pins);
    let yours = match timeline(session, &own, args, reporter)? {
        Ok(timeline) => timeline,
        Err(complaint) => {
            reporter.note(&complaint);
            return Ok(Exit::NotPassed);
        }
    };
    let reference = reference(session, exercise, &pins, args, reporter)?;
    let traced = Traced { exercise, yours, reference };
    if let Some(file) = svg {
        files::write_atomically(file, &picture(&traced))?;
    }
    reporter.report(Report::Timeline { traced: &traced, svg });
    let has_ended = traced.yours.stuck.is_none() && traced.yours.too_much.is_none();
    Ok(if has_ended { Exit::Passed } else { Exit::NotPassed })
}

/// The timeline of a candidate's experiment, or what the compiler says.
fn timeline(
    session: &Session,
    candidate: &Candidate<'_>,
    args: &[OsString],
    reporter: &mut dyn Reporter,
) -> Result<Result<tracer::Timeline, String>, Error> {
    let exercise = candidate.exercise;
    reporter.emit(&Event::Compiling { exercise });
    let programs = match compile(candidate, &Inputs::read(candidate)?, &session.stop, reporter)? {
        Compiled::Programs(programs) => programs,
        Compiled::Errors(errors) => {
            let errors: Vec<String> = errors.into_iter().map(|error| error.rendered).collect();
            return Ok(Err(errors.join("\n")));
        }
        Compiled::Unclear(unclear) => return Err(unclear.as_error_of_the_machine(candidate)),
        Compiled::Endless => return Ok(Err("the compiler does not come to an end".to_owned())),
    };
    let program = programs.programs.get(&exercise.name).ok_or_else(|| {
        Error::Refused(format!("`{}` has no experiment (no src/main.rs)", exercise.name))
    })?;
    reporter.emit(&Event::Running { exercise });
    trace(candidate, program, args, &session.stop).map(Ok)
}

/// The reference's timeline: what the kernel saw of it, and nothing of its text.
fn reference(
    session: &Session,
    exercise: &Exercise,
    pins: &Pins,
    args: &[OsString],
    reporter: &mut dyn Reporter,
) -> Result<Reference, Error> {
    let solutions = Solutions::new(&session.workbook, exercise);
    if !solutions.are_there() {
        return Ok(Reference::None("this copy of the workbook has no solutions to compare with"));
    }
    let build_dir = BuildDir::prepare(&session.workbook, "solution")?;
    let candidate = build_dir.lay(exercise, pins, &solutions.reference()?)?;
    Ok(match timeline(session, &candidate, args, reporter)? {
        Ok(timeline) => Reference::Timeline(timeline),
        Err(_) => Reference::None("the reference solution does not compile"),
    })
}
