//! The pipeline from a candidate to its judgement: intact? → compile → run → compare.

mod as_it_compiles;
pub mod candidate;
pub mod compare;
pub mod compile;
pub mod edited;
pub mod inputs;
pub mod line_to_open;
pub mod listed;
pub mod panics;
mod results;
pub mod run_played;
pub mod run_tests;

use sandbox::{End, Stop};

use crate::Error;
use crate::event::{Event, Silent, Sink};
use crate::evidence::Evidence;
use crate::judge::as_it_compiles::test_as_it_compiles;
use crate::judge::candidate::Candidate;
use crate::judge::compile::{
    Compiled, Diagnostic, Programs, Rebuild, cargo_failed, compile_by_cargo,
};
use crate::judge::inputs::Inputs;
use crate::judge::panics::panics;
use crate::judge::run_tests::{
    ROOM_TO_RUN, may_be_the_machines, place_of, run_experiment, run_tests, unnatural_end,
};
use crate::system::files;
use crate::system::scratch::temporary;
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};
use crate::workbook::curriculum::Exercise;

pub use crate::workbook::curriculum::EXPERIMENT;

/// The comparison's name among the tests.
pub const COMPARISON: &str = "the experiment prints what the reference's prints";

/// How many of the compiler's errors are shown; the others often follow from the first.
const SHOWN_ERRORS: usize = 2;

/// A judgement, and what the compiler warned about on the way.
#[derive(Debug)]
pub struct Judged {
    /// The verdict with its evidence.
    pub judgement: Judgement,
    /// Warnings about the exercise's own code.
    pub warnings: Vec<String>,
    /// The hash that it may be remembered under; `None` if the inputs do not cover all that it was judged by,
    /// or are not what they were.
    pub valid_for: Option<String>,
}

/// Judges a candidate whose given files are known to be intact.
pub fn judge(
    candidate: &Candidate<'_>,
    inputs: &Inputs,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Judged, Error> {
    events.emit(&Event::Compiling { exercise: candidate.exercise });
    let rebuilt = match Rebuild::of(candidate, inputs)? {
        Some(rebuild) => test_as_it_compiles(candidate, &rebuild, stop, events)?,
        None => None,
    };
    let (compiled, tests) = match rebuilt {
        Some((compiled, tests)) => (compiled, Some(tests)),
        None => (compile_by_cargo(candidate, inputs, stop, events)?, None),
    };
    let is_covered = match &compiled {
        Compiled::Programs(programs) => programs.known_by_hash,
        _ => true,
    };
    let (judgement, warnings) = judge_tested(candidate, compiled, tests, stop, events)?;
    // Saved again while it was being judged: the verdict is true of no text that we know.
    let is_valid = is_covered && inputs.still_hold(candidate)?;
    Ok(Judged { judgement, warnings, valid_for: is_valid.then(|| inputs.hash().to_owned()) })
}

/// Whether a judgement need not be made again while its inputs are the same.
///
/// A hang, a supervisor that fell silent, and a kill may have been the machine's; so may what the compiler
/// says (a linker that is missing, a file outside of the sources); what this machine lacks today it may
/// have tomorrow.
pub fn is_final(judgement: &Judgement) -> bool {
    let is_of_today =
        |test: &TestResult| may_be_the_machines(test) || test.outcome == Outcome::Skipped;
    let may_change =
        [Verdict::TimedOut, Verdict::AttackedSupervisor, Verdict::DoesNotCompile, Verdict::Skipped];
    !may_change.contains(&judgement.verdict) && !judgement.tests.iter().any(is_of_today)
}

/// Judges what compiling a candidate came to; with the compiler's warnings.
pub fn judge_compiled(
    candidate: &Candidate<'_>,
    compiled: Compiled,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<(Judgement, Vec<String>), Error> {
    judge_tested(candidate, compiled, None, stop, events)
}

/// The same, of one whose tests may have been run already.
fn judge_tested(
    candidate: &Candidate<'_>,
    compiled: Compiled,
    tests: Option<Vec<TestResult>>,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<(Judgement, Vec<String>), Error> {
    let programs = match compiled {
        Compiled::Programs(programs) => programs,
        Compiled::Errors(errors) => {
            refuse_errors_of_the_machine(candidate, &errors)?;
            return Ok((compile_errors(candidate.exercise, errors), Vec::new()));
        }
        Compiled::Endless => return Ok((endless_compiler(candidate), Vec::new())),
        Compiled::Unclear(unclear) if unclear.errors.is_empty() => {
            return Err(unclear.as_error_of_the_machine(candidate));
        }
        Compiled::Unclear(unclear) => {
            return Ok((compile_errors(candidate.exercise, unclear.errors), Vec::new()));
        }
    };
    let tests = match tests {
        Some(tests) => tests,
        None => {
            events.emit(&Event::Running { exercise: candidate.exercise });
            run_tests(candidate, &programs, None, stop, events)?
        }
    };
    let judgement = with_experiment(candidate, &programs, tests, None, stop)?;
    Ok((judgement, programs.warnings))
}

/// What a compiler and a linker say when the machine fails them. The compiler runs the linker without a
/// locale.
const OF_THE_MACHINE: [&str; 13] = [
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "Read-only file system",
    "Permission denied",
    "Input/output error",
    "Too many open files",
    "Resource temporarily unavailable",
    "Cannot allocate memory",
    "memory exhausted",
    "terminated with signal",
    " failed: signal: ",
    "linker `cc` not found",
];

/// Errors that name no place in the code may be the linker's, which had no room or was killed.
///
/// A stranger can have the linker say anything; there the stub is compiled in between.
fn refuse_errors_of_the_machine(
    candidate: &Candidate<'_>,
    errors: &[Diagnostic],
) -> Result<(), Error> {
    if candidate.confined.is_some() || errors.iter().any(|error| error.place.is_some()) {
        return Ok(());
    }
    for directory in [&candidate.target, &temporary()?] {
        files::room(directory, ROOM_TO_RUN)?;
    }
    let said: Vec<&str> = errors.iter().map(|error| error.rendered.as_str()).collect();
    let said = said.join("\n");
    if OF_THE_MACHINE.iter().any(|words| said.contains(words)) {
        Err(cargo_failed(candidate, &said))
    } else {
        Ok(())
    }
}

/// Judges the programs that a candidate was compiled to; with a `cpu`, they run on that one only.
pub fn judge_programs(
    candidate: &Candidate<'_>,
    programs: &Programs,
    cpu: Option<usize>,
    stop: &Stop,
) -> Result<Judgement, Error> {
    let tests = run_tests(candidate, programs, cpu, stop, &mut Silent)?;
    with_experiment(candidate, programs, tests, cpu, stop)
}

/// The judgement that these tests and the experiment come to.
fn with_experiment(
    candidate: &Candidate<'_>,
    programs: &Programs,
    mut tests: Vec<TestResult>,
    cpu: Option<usize>,
    stop: &Stop,
) -> Result<Judgement, Error> {
    // Beside failing tests a difference in output says nothing new.
    if tests.iter().all(|test| matches!(test.outcome, Outcome::Passed | Outcome::Skipped)) {
        tests.extend(compare_experiment(candidate, programs, cpu, stop)?);
    }
    Ok(Judgement::from_tests(tests))
}

/// Runs the tests one after another, up to the first that does not pass, and then the experiment.
#[cfg(feature = "grade")]
pub fn first_failure(
    candidate: &Candidate<'_>,
    programs: &Programs,
    stop: &Stop,
) -> Result<Option<TestResult>, Error> {
    let failed = |test: &TestResult| !matches!(test.outcome, Outcome::Passed | Outcome::Skipped);
    match run_tests::run_tests_up_to(candidate, programs, stop, failed)? {
        Some(test) => Ok(Some(test)),
        None => Ok(compare_experiment(candidate, programs, None, stop)?.filter(failed)),
    }
}

fn compile_errors(exercise: &Exercise, errors: Vec<Diagnostic>) -> Judgement {
    let places = || errors.iter().filter_map(|error| error.place.as_ref());
    // A given test that does not compile says less than the learner's line that is the cause.
    let place =
        places().find(|place| line_to_open::is_own(exercise, place)).or(places().next()).cloned();
    let mut text: Vec<&str> =
        errors.iter().take(SHOWN_ERRORS).map(|error| error.rendered.trim_end()).collect();
    let more = match errors.len().saturating_sub(SHOWN_ERRORS) {
        0 => String::new(),
        1 => "… and 1 more error".to_owned(),
        count => format!("… and {count} more errors"),
    };
    if !more.is_empty() {
        text.push(&more);
    }
    let evidence = Evidence::Compiler { text: text.join("\n\n") };
    Judgement::without_tests(Verdict::DoesNotCompile, Some(evidence), place)
}

fn endless_compiler(candidate: &Candidate<'_>) -> Judgement {
    let message = format!(
        "the compiler did not come to an end within {} s: is there a macro or a constant that expands \
         for ever?",
        candidate.exercise.compile_deadline.as_secs()
    );
    Judgement::without_tests(Verdict::DoesNotCompile, Some(Evidence::text(message)), None)
}

/// The experiment as one more test; `None` if the exercise has none.
fn compare_experiment(
    candidate: &Candidate<'_>,
    programs: &Programs,
    cpu: Option<usize>,
    stop: &Stop,
) -> Result<Option<TestResult>, Error> {
    let Some(snapshot) = candidate.pins.snapshot() else {
        return Ok(None);
    };
    let result = |outcome, evidence| TestResult {
        name: COMPARISON.to_owned(),
        target: EXPERIMENT.to_owned(),
        outcome,
        evidence,
        place: None,
        schedules: None,
    };
    let Some(program) = programs.programs.get(&candidate.exercise.name) else {
        let evidence = Evidence::text("cargo built no experiment from src/main.rs");
        return Ok(Some(result(Outcome::Missing, Some(evidence))));
    };
    let observation = run_experiment(candidate, program, Vec::new(), cpu, stop)?;
    let expected = compare::snapshot_text(snapshot).unwrap_or(snapshot);
    let panics = panics(&observation.stderr.text);
    let (outcome, evidence) = match &observation.end {
        End::Exited(0) => match compare::difference(expected, &observation.stdout.text) {
            Some(difference) => (Outcome::OutputDiffers, Some(difference)),
            None if observation.strays.is_empty() => (Outcome::Passed, None),
            None => {
                (Outcome::Leaked, Some(Evidence::Strays { strays: observation.strays.clone() }))
            }
        },
        End::Exited(code) => {
            let stderr = observation.stderr.text.trim_end().to_owned();
            (Outcome::Failed, Some(Evidence::ExperimentFailed { code: *code, stderr }))
        }
        _ => {
            let last = panics.last().cloned().map(Evidence::Panic);
            unnatural_end(candidate, &observation, last)
        }
    };
    let mut result = result(outcome, evidence);
    if outcome != Outcome::Passed {
        result.place = place_of(candidate, &panics, panics.last());
    }
    Ok(Some(result))
}
