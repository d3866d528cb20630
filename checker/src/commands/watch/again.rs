//! Only the test that fails, in the schedule that breaks it, with all that it writes.

use crate::commands::{Session, judging, run_experiment};
use crate::event::Event;
use crate::evidence::Evidence;
use crate::judge::EXPERIMENT;
use crate::judge::candidate::Candidate;
use crate::judge::compile::{Compiled, compile};
use crate::judge::inputs::Inputs;
use crate::judge::run_tests::run_again;
use crate::progress::Store;
use crate::report::Reporter;
use crate::verdict::{Outcome, TestResult};
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

/// Runs the first test that did not pass when the exercise was checked last. If it does not compile, all that the
/// compiler says.
pub(super) fn again(
    session: &Session,
    exercise: &Exercise,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let turn = judging::wait_for_turn(session, reporter)?;
    let pins = Pins::load(workbook, exercise)?;
    let mut candidate = Candidate::in_place(workbook, exercise, &pins);
    reporter.emit(&Event::Compiling { exercise });
    let programs = match compile(&candidate, &Inputs::read(&candidate)?, &session.stop, reporter)? {
        Compiled::Programs(programs) => programs,
        Compiled::Errors(errors) => {
            errors.iter().for_each(|error| reporter.note(&error.rendered));
            return Ok(Exit::NotPassed);
        }
        Compiled::Unclear(unclear) => return Err(unclear.as_error_of_the_machine(&candidate)),
        Compiled::Endless => {
            reporter.note("the compiler does not come to an end");
            return Ok(Exit::NotPassed);
        }
    };
    let (progress, _) = Store::new(workbook).load()?;
    let judgement = progress.entry(&exercise.name).judgement;
    let Some(test) = judgement.as_ref().and_then(|it| it.first_unpassed()) else {
        reporter.note("No test failed when it was checked last.");
        return Ok(Exit::Passed);
    };
    if test.target == EXPERIMENT {
        drop(turn);
        return run_experiment::run(session, Some(&exercise.name), Vec::new(), reporter);
    }
    candidate.env.extend(schedule_of(test));
    reporter.emit(&Event::Running { exercise });
    let (result, observation) =
        run_again(&candidate, &programs, &test.target, &test.name, &session.stop)?;
    let passes = result.outcome == Outcome::Passed;
    let what = if passes { "passes this time" } else { "fails again" };
    reporter.note(&format!("{} {what}. All that it wrote:\n", test.name));
    for stream in [&observation.stdout.text, &observation.stderr.text] {
        // libtest's own, about the log that it writes for us.
        let is_of_the_test = |line: &&str| !line.starts_with("warning: `--logfile`");
        let lines: Vec<&str> = stream.trim().lines().filter(is_of_the_test).collect();
        if !lines.is_empty() {
            reporter.note(&lines.join("\n"));
        }
    }
    Ok(if passes { Exit::Passed } else { Exit::NotPassed })
}

/// The variables that have an explorer run just the schedule that failed: those before the command that the
/// evidence names.
fn schedule_of(test: &TestResult) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let Some(Evidence::Schedule(schedule)) = &test.evidence else {
        return Vec::new();
    };
    let words = schedule.again.split_whitespace();
    words.map_while(|word| word.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}
