//! The command line: what can be asked, and how an answer becomes an exit code.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use sandbox::Stop;

use crate::commands::{self, Effort, Extent, Session};
use crate::report::ci::{self, CheckFormat};
use crate::report::{self, BY_MAKE, REPORTERS, Report, Reporter, find};
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
    #[arg(long, global = true, value_parser = formats(), default_value = HUMAN)]
    format: String,
    #[command(subcommand)]
    command: Option<Command>,
}

const HUMAN: &str = "human";

const EXIT_CODES: &str = "\
Exit codes: 0 everything asked for passes, 1 something does not, 2 wrong usage,
            3 the machine or the workbook is at fault, 130 interrupted";

const WRONG: &str = "\
  checker wrong pipe polls > polls.rs   the whole file, its declaration first
  checker wrong pipe polls polls.rs     the patch of the edited copy
  checker wrong --rebase                after a reference has changed";

const COMPLETIONS: &str = "\
In the file that your shell reads when it starts:
  bash  source <(checker completions bash)
  zsh   source <(checker completions zsh)     after `autoload -U compinit; compinit`
  fish  checker completions fish | source";

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge what has changed, show where you stand and what is next (the default)
    Check {
        /// Only these exercises; a part's number (2) stands for all of its own
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
        /// Show all of it, even what is taller than the screen
        #[arg(long)]
        full: bool,
        #[arg(skip)]
        format: CheckFormat,
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
    /// Be the scheduler: decide which thread of your lock goes on, step by step
    Play(commands::PlayArguments),
    /// Give one more hint, for the next exercise or for the one that is named
    Hint {
        /// Which exercise; by default the next one
        exercise: Option<String>,
    },
    /// Show the claims of the lecture notes, whether each holds, and the evidence on this machine now
    Claims {
        /// One of them in full: 3 or C3
        #[arg(value_name = "NUMBER")]
        claim: Option<String>,
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
    /// Judge what is saved, as long as you work, on a screen with keys
    #[cfg(feature = "tui")]
    Watch(commands::WatchArguments),
    /// Judge what is saved, as long as you work, on a screen with keys (`make watch` builds it)
    #[cfg(not(feature = "tui"))]
    Watch {
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Print what bash, zsh or fish reads to complete commands and the names of exercises
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// For which shell
        #[arg(value_parser = shells())]
        shell: Shell,
    },
    /// Check this machine: what is missing, what that costs, how to fix it
    Doctor,
    #[cfg(feature = "grade")]
    #[command(flatten)]
    Instructors(commands::instructors::Command),
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
        /// Run all tests on every known-wrong solution, and say what it would earn; that takes longer
        #[arg(long, conflicts_with = "skip_wrong", hide = cfg!(not(feature = "grade")))]
        points: bool,
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
    #[cfg(feature = "grade")]
    Mutants {
        /// Only some of the operators
        #[arg(long, value_enum, value_name = "OPERATORS")]
        only: Option<commands::Operators>,
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
    let mut command = arguments.command.unwrap_or_default();
    let (mut reporter, has_format) = match command.report_as(&arguments.format) {
        Some(reporter) => (reporter, Ok(())),
        None => (report::beside_a_document(), Err(not_its_format(&arguments.format))),
    };
    let is_learners = matches!(
        command,
        Command::Check { .. }
            | Command::Run { .. }
            | Command::Trace { .. }
            | Command::Claims { .. }
    );
    let result = session.and_then(|session| {
        has_format?;
        session.dispatch(command, &mut *reporter)
    });
    let is_not_yet =
        is_learners && arguments.format == HUMAN && matches!(result, Ok(Exit::NotPassed));
    // make adds a line of its own below a command that does not end with 0.
    if is_not_yet && std::env::var_os(BY_MAKE).is_some() {
        reporter.note("\n(make says \"Error 1\" below. It means \"not yet\".)");
    }
    let exit = result.unwrap_or_else(|error| {
        reporter.report(Report::Error(&error));
        error.exit()
    });
    // A verdict that nobody can read is no answer, whatever it is. A terminal that was closed asks for none.
    match report::finish() {
        Err(error) if exit != Exit::Interrupted => unwritten(error),
        _ => exit,
    }
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

/// The shells whose completions know the names of exercises.
fn shells() -> impl TypedValueParser<Value = Shell> {
    let shells = PossibleValuesParser::new(["bash", "fish", "zsh"]);
    shells.map(|name| name.parse().expect("clap_complete knows these"))
}

/// All values of `--format`: it may stand before the command, and what it means depends on that.
fn formats() -> PossibleValuesParser {
    let mut all: Vec<(&str, String)> =
        REPORTERS.iter().map(|it| (it.name, it.help.to_owned())).collect();
    all.extend(
        ci::FORMATS.iter().map(|it| (it.name, format!("For `check` and `report` {}", it.help))),
    );
    #[cfg(feature = "grade")]
    for format in report::formats::FORMATS {
        match all.iter_mut().find(|(name, _)| *name == format.name) {
            Some((_, help)) => help.push_str(&format!("; for `report` {}", format.help)),
            None => all.push((format.name, format!("For `report`: {}", format.help))),
        }
    }
    let values = all.into_iter().map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values.collect::<Vec<_>>())
}

fn not_its_format(name: &str) -> Error {
    let those = match find(ci::FORMATS, name) {
        Some(_) => "`check` and `report`",
        None => "`report`",
    };
    Error::Refused(format!(
        "--format {name} is a format of {those} only; every command has human and json"
    ))
}

impl Default for Command {
    fn default() -> Self {
        Self::Check { exercises: Vec::new(), full: false, format: CheckFormat::default() }
    }
}

impl Command {
    /// Sets the format, if the command has it, and gives the reporter that goes with it.
    fn report_as(&mut self, name: &str) -> Option<Box<dyn Reporter>> {
        match self {
            Command::Check { format, .. } => {
                *format = CheckFormat::named(name)?;
                Some(format.reporter())
            }
            #[cfg(feature = "grade")]
            Command::Instructors(commands::instructors::Command::Report(arguments)) => {
                arguments.makes = report::formats::Makes::named(name)?;
                Some(arguments.makes.reporter())
            }
            #[cfg(feature = "tui")]
            Command::Watch(arguments) => {
                arguments.is_for_a_program = name != HUMAN;
                find(REPORTERS, name).map(|new| new())
            }
            _ => find(REPORTERS, name).map(|new| new()),
        }
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
        reporter: &mut dyn report::Reporter,
    ) -> Result<Exit, Error> {
        match command {
            Command::Check { exercises, full, format } => {
                commands::check(self, &exercises, format, full, reporter)
            }
            Command::Run { exercise, args } => {
                commands::run(self, exercise.as_deref(), args, reporter)
            }
            Command::Trace { exercise, svg, args } => {
                let name = exercise.as_deref();
                commands::trace_experiment(self, name, &args, svg.as_deref(), reporter)
            }
            Command::Play(arguments) => commands::play(self, &arguments, reporter),
            Command::Hint { exercise } => commands::hint(self, exercise.as_deref(), reporter),
            Command::Claims { claim } => commands::claims(self, claim.as_deref(), reporter),
            Command::List => commands::list(self, reporter),
            Command::Reset { exercise, given } => commands::reset(self, &exercise, given, reporter),
            Command::Solution { exercise, force } => {
                commands::solution(self, exercise.as_deref(), force, reporter)
            }
            #[cfg(feature = "tui")]
            Command::Watch(arguments) => commands::watch(self, &arguments, reporter),
            #[cfg(not(feature = "tui"))]
            Command::Watch { arguments: _ } => Err(Error::Refused(
                "this checker was built without its screen; `make watch` builds one that has it"
                    .to_owned(),
            )),
            Command::Completions { shell } => {
                commands::completions(self, Arguments::command(), shell, reporter)
            }
            Command::Doctor => commands::doctor(self, reporter),
            #[cfg(feature = "grade")]
            Command::Instructors(command) => command.run(self, reporter),
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
            Command::Verify { points: true, .. } if cfg!(not(feature = "grade")) => {
                Err(Error::Refused(
                    "points are counted by a checker that grades: `make points`".to_owned(),
                ))
            }
            Command::Verify { skip_wrong, points, exercises } => {
                commands::verify(self, &exercises, Extent { skip_wrong, points }, reporter)
            }
            Command::Soundness { solution_runs, wrong_runs, exercises } => {
                let effort = Effort { solution: solution_runs, wrong: wrong_runs };
                commands::soundness(self, &exercises, effort, reporter)
            }
            #[cfg(feature = "grade")]
            Command::Mutants { only, exercises } => {
                commands::mutants(self, &exercises, only, reporter)
            }
            Command::Pin { exercises } => commands::pin(self, &exercises, reporter),
        }
    }
}
