//! The command line: what can be asked, and how an answer becomes an exit code.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use sandbox::Stop;

use crate::commands::{self, Effort, Session};
use crate::report::{self, Format, Report, Reports};
use crate::workbook::Workbook;
use crate::{Error, Exit};

/// Judges the exercises of a workbook.
///
/// An EXERCISE is named by its name (semaphore), its number (2.3) or its path.
#[derive(Debug, Parser)]
#[command(name = "checker", version, after_help = EXIT_CODES)]
struct Arguments {
    /// The workbook; by default the one that the current directory lies in
    #[arg(long, global = true, value_name = "DIR")]
    workbook: Option<PathBuf>,
    /// How to report
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Set by the Makefile: make adds a line of its own below a command that does not end with 0.
const BY_MAKE: &str = "SHOPFLOOR_BY_MAKE";

const EXIT_CODES: &str = "\
Exit codes: 0 everything asked for passes, 1 something does not, 2 wrong usage,
            3 the machine or the workbook is at fault, 130 interrupted";

const WRONG: &str = "\
  checker wrong pipe polls > polls.rs   the whole file, its declaration first
  checker wrong pipe polls polls.rs     the patch of the edited copy
  checker wrong --rebase                after a reference has changed";

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge what has changed, show where you stand and what is next (the default)
    Check {
        /// Only these exercises
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
    },
    /// Run the experiment of an exercise and compare it with the reference's
    Run {
        /// Which exercise; by default the next one
        exercise: Option<String>,
        /// Arguments for the experiment; with any, nothing is compared
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Show what the experiment's processes did, beside what the reference's did
    Trace {
        /// Which exercise; by default the next one
        exercise: Option<String>,
        /// Write a picture of it to this file too
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// Arguments for the experiment
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Give one more hint, for the next exercise or for the one that is named
    Hint {
        /// Which exercise; by default the next one
        exercise: Option<String>,
    },
    /// List all exercises and how they stand
    List,
    /// Put the stub back; your file is kept as a backup
    Reset {
        /// Which exercise
        exercise: String,
        /// Restore the given files (tests, manifest) instead of your own
        #[arg(long)]
        given: bool,
    },
    /// Show the reference solution beside yours, once yours passes
    Solution {
        /// Which exercise; by default the next one
        exercise: Option<String>,
        /// Show it even if yours does not pass
        #[arg(long)]
        force: bool,
    },
    /// Check this machine: what is missing, what that costs, how to fix it
    Doctor,
    /// For instructors: show whose is what among the uploads, before anything runs
    #[cfg(feature = "grade")]
    Intake(commands::IntakeArguments),
    /// For instructors: judge submissions and write the gradebook
    #[cfg(feature = "grade")]
    Grade(commands::GradeArguments),
    /// For instructors: join the results that several machines have graded
    #[cfg(feature = "grade")]
    Merge(commands::MergeArguments),
    /// For instructors: compute the scores again from the results of a grading
    #[cfg(feature = "grade")]
    Score(commands::ScoreArguments),
    /// For instructors: write the results of a grading in the format of another program
    #[cfg(feature = "grade")]
    Report(commands::ReportArguments),
    /// For authors: make a new exercise that compiles, and say what is still to be written
    New(commands::NewArguments),
    /// For authors: write a whole workbook with the reference solutions in place of the stubs
    Solved {
        /// Where to; a new directory, or one that was written so before
        directory: PathBuf,
        /// One of them a known-wrong solution
        #[arg(long, value_name = "EXERCISE/NAME")]
        wrong: Option<String>,
    },
    /// For authors: print a known-wrong solution as a whole file, or make its patch of an edited copy
    #[command(after_help = WRONG)]
    Wrong {
        /// Carry the patches of all exercises, or of this one, over to references that have changed
        #[arg(long)]
        rebase: bool,
        /// Which exercise
        #[arg(required_unless_present = "rebase")]
        exercise: Option<String>,
        /// The known-wrong solution's name
        #[arg(required_unless_present = "rebase", conflicts_with = "rebase")]
        name: Option<String>,
        /// The edited copy
        #[arg(conflicts_with = "rebase")]
        file: Option<PathBuf>,
    },
    /// For authors and CI: check that stubs fail, solutions pass and wrong solutions are caught
    Verify {
        /// Leave the known-wrong solutions out
        #[arg(long)]
        skip_wrong: bool,
        /// Only these exercises
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
    },
    /// For authors: judge every solution many times over, for false failures and escapes
    Soundness {
        /// How often each solution is judged
        #[arg(long, value_name = "N", default_value_t = 300)]
        solution_runs: usize,
        /// How often each known-wrong solution is judged
        #[arg(long, value_name = "N", default_value_t = 20)]
        wrong_runs: usize,
        /// Only these exercises
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
    },
    /// For authors: change every solution in one small way after the other; the tests must notice each
    Mutants {
        /// Only these exercises
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
    },
    /// For authors: record stubs, given files and the list of tests in checker/pins
    Pin {
        /// Only these exercises
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
    },
}

/// Parses the command line, does what it asks, reports.
pub fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let session = open(arguments.workbook.as_deref());
    let format = arguments.format;
    let command = arguments.command.unwrap_or(Command::Check { exercises: Vec::new() });
    let mut reporter = match command.reports() {
        Reports::Report if format != Format::Human => report::beside_a_document(),
        _ => report::reporter(format),
    };
    let is_learners =
        matches!(command, Command::Check { .. } | Command::Run { .. } | Command::Trace { .. });
    let result = session.and_then(|session| {
        command.can_report(format)?;
        session.dispatch(command, format, &mut *reporter)
    });
    let is_not_yet =
        is_learners && format == Format::Human && matches!(result, Ok(Exit::NotPassed));
    if is_not_yet && std::env::var_os(BY_MAKE).is_some() {
        reporter.note("\n(make says \"Error 1\" below. It means \"not yet\".)");
    }
    let exit = result.unwrap_or_else(|error| {
        reporter.report(Report::Error(&error));
        error.exit()
    });
    // A verdict that nobody can read is no answer, whatever it is.
    report::finish().map_or_else(unwritten, |()| exit)
}

/// Says what is wrong with the command line, or the help that was asked for.
fn usage(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        // Nothing is left to say it on.
        let _ = error.print();
        return Exit::Usage;
    }
    report::finish_with(&error.render().to_string()).map_or_else(unwritten, |()| Exit::Passed)
}

/// Standard error is what is left.
fn unwritten(error: Error) -> Exit {
    report::beside_a_document().report(Report::Error(&error));
    Exit::Fault
}

impl Command {
    /// The narrowest class of formats that this command can report in.
    fn reports(&self) -> Reports {
        match self {
            #[cfg(feature = "grade")]
            Command::Report(_) => Reports::Report,
            Command::Check { .. } => Reports::Check,
            _ => Reports::Everything,
        }
    }

    fn can_report(&self, format: Format) -> Result<(), Error> {
        if format.is_for() >= self.reports() {
            return Ok(());
        }
        let name = format.to_possible_value().map(|value| value.get_name().to_owned());
        let those = match format.is_for() {
            Reports::Report => "`report`",
            _ => "`check` and `report`",
        };
        Err(Error::Refused(format!(
            "--format {} is a format of {those} only; every command has human and json",
            name.unwrap_or_default()
        )))
    }
}

fn open(workbook: Option<&Path>) -> Result<Session, Error> {
    let workbook = Workbook::open(workbook.unwrap_or(Path::new(".")))?;
    let stop = Stop::on_signals()
        .map_err(|error| Error::Refused(format!("cannot handle signals: {error}")))?;
    Ok(Session { workbook, stop })
}

impl Session {
    fn dispatch(
        &self,
        command: Command,
        format: Format,
        reporter: &mut dyn report::Reporter,
    ) -> Result<Exit, Error> {
        match command {
            Command::Check { exercises } => self.check(&exercises, format, reporter),
            Command::Run { exercise, args } => {
                commands::run(self, exercise.as_deref(), args, reporter)
            }
            Command::Trace { exercise, svg, args } => {
                let name = exercise.as_deref();
                commands::trace_experiment(self, name, &args, svg.as_deref(), reporter)
            }
            Command::Hint { exercise } => commands::hint(self, exercise.as_deref(), reporter),
            Command::List => commands::list(self, reporter),
            Command::Reset { exercise, given } => commands::reset(self, &exercise, given, reporter),
            Command::Solution { exercise, force } => {
                commands::solution(self, exercise.as_deref(), force, reporter)
            }
            Command::Doctor => commands::doctor(self, reporter),
            #[cfg(feature = "grade")]
            Command::Intake(arguments) => commands::intake(self, &arguments, reporter),
            #[cfg(feature = "grade")]
            Command::Grade(arguments) => commands::grade(self, &arguments, reporter),
            #[cfg(feature = "grade")]
            Command::Merge(arguments) => commands::merge(self, &arguments, reporter),
            #[cfg(feature = "grade")]
            Command::Score(arguments) => commands::score(self, &arguments, reporter),
            #[cfg(feature = "grade")]
            Command::Report(arguments) => commands::report(self, &arguments, format, reporter),
            Command::New(arguments) => commands::new(self, &arguments, reporter),
            Command::Solved { directory, wrong } => {
                commands::solved(self, &directory, wrong.as_deref(), reporter)
            }
            Command::Wrong { exercise, name, file, .. } => match (exercise, name, file) {
                (Some(exercise), Some(name), Some(file)) => {
                    commands::make_wrong(self, &exercise, &name, &file, reporter)
                }
                (Some(exercise), Some(name), None) => {
                    commands::show_wrong(self, &exercise, &name, reporter)
                }
                (exercise, ..) => {
                    let asked: Vec<String> = exercise.into_iter().collect();
                    commands::rebase_wrong(self, &asked, reporter)
                }
            },
            Command::Verify { skip_wrong, exercises } => {
                commands::verify(self, &exercises, skip_wrong, reporter)
            }
            Command::Soundness { solution_runs, wrong_runs, exercises } => {
                let effort = Effort { solution: solution_runs, wrong: wrong_runs };
                commands::soundness(self, &exercises, effort, reporter)
            }
            Command::Mutants { exercises } => commands::mutants(self, &exercises, reporter),
            Command::Pin { exercises } => commands::pin(self, &exercises, reporter),
        }
    }

    fn check(
        &self,
        exercises: &[String],
        format: Format,
        reporter: &mut dyn report::Reporter,
    ) -> Result<Exit, Error> {
        match format {
            Format::Human | Format::Json => commands::check(self, exercises, reporter),
            Format::Github => commands::check_on_github(self, exercises, reporter),
            #[cfg(feature = "junit")]
            Format::Junit => commands::check_as_junit(self, exercises, reporter),
            #[cfg(feature = "grade")]
            _ => unreachable!("`check` was asked whether it can report so"),
        }
    }
}
