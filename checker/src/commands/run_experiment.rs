//! `checker run`: the experiment of an exercise, and how it compares.

use std::ffi::OsString;

use sandbox::End;

use crate::event::Event;
use crate::evidence::Evidence;
use crate::judge::candidate::Candidate;
use crate::judge::compare;
use crate::judge::compile::{Compiled, compile};
use crate::judge::inputs::Inputs;
use crate::judge::panics::panics;
use crate::judge::run_tests::{run_experiment, unnatural_end};
use crate::report::Reporter;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// Runs the learner's experiment; exit 0 if it prints what the reference's prints.
pub fn run(
    session: &Session,
    name: Option<&str>,
    args: Vec<OsString>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = session.named_or_next(name, reporter)?;
    let _turn = super::judging::wait_for_turn(session, reporter)?;
    let pins = Pins::load(workbook, exercise)?;
    let candidate = Candidate::in_place(workbook, exercise, &pins);
    reporter.emit(&Event::Compiling { exercise });
    let programs = match compile(&candidate, &Inputs::read(&candidate)?, &session.stop, reporter)? {
        Compiled::Programs(programs) => programs,
        Compiled::Errors(errors) => {
            for error in errors {
                reporter.note(&error.rendered);
            }
            return Ok(Exit::NotPassed);
        }
        Compiled::Unclear(unclear) => return Err(unclear.as_error_of_the_machine(&candidate)),
        Compiled::Endless => {
            reporter.note("the compiler does not come to an end");
            return Ok(Exit::NotPassed);
        }
    };
    let program = programs.programs.get(&exercise.name).ok_or_else(|| {
        Error::Refused(format!("`{}` has no experiment (no src/main.rs)", exercise.name))
    })?;
    reporter.emit(&Event::Running { exercise });
    let pointer = if exercise.needs.is_empty() {
        String::new()
    } else {
        format!("\n\n`checker trace {}` shows what its processes did.", exercise.name)
    };
    let compared = args.is_empty();
    let observation = run_experiment(&candidate, program, args, None, &session.stop)?;
    reporter.note(observation.stdout.text.trim_end());
    if !observation.stderr.text.is_empty() {
        reporter.note(observation.stderr.text.trim_end());
    }
    let last = panics(&observation.stderr.text).pop();
    match observation.end {
        End::Exited(0) => {}
        End::Exited(code) => {
            reporter.note(&format!("\nit exited with code {code}{pointer}"));
            return Ok(Exit::NotPassed);
        }
        _ => {
            let last = last.map(Evidence::Panic);
            let (_, evidence) = unnatural_end(&candidate, &observation, last);
            let words = evidence.map(|it| it.to_string()).unwrap_or_default();
            reporter.note(&format!("\n{words}{pointer}"));
            return Ok(Exit::NotPassed);
        }
    }
    let expected = pins.snapshot().and_then(compare::snapshot_text).filter(|_| compared);
    match expected.map(|expected| compare::difference(expected, &observation.stdout.text)) {
        None => Ok(Exit::Passed),
        Some(None) => {
            reporter.note("\nThis is what the reference prints.");
            Ok(Exit::Passed)
        }
        Some(Some(difference)) => {
            let text = format!("\nThe reference prints something else:\n\n{difference}{pointer}");
            reporter.note(&text);
            Ok(Exit::NotPassed)
        }
    }
}
