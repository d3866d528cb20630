//! The commands for instructors: they need the feature `grade`.

mod grade;
mod intake;
mod report;

use crate::commands::Session;
use crate::report::Reporter;
use crate::{Error, Exit};

pub use report::ReportArguments;

/// A command for instructors.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// For instructors: show whose is what among the uploads, before anything runs
    Intake(intake::IntakeArguments),
    /// For instructors: judge submissions and write the gradebook
    Grade(grade::GradeArguments),
    /// For instructors: join the results that several machines have graded
    Merge(grade::MergeArguments),
    /// For instructors: compute the scores again from the results of a grading
    Score(grade::ScoreArguments),
    /// For instructors: write the results of a grading in the format of another program
    Report(ReportArguments),
}

impl Command {
    /// Does what is asked.
    pub fn run(&self, session: &Session, reporter: &mut dyn Reporter) -> Result<Exit, Error> {
        match self {
            Command::Intake(arguments) => intake::intake(session, arguments, reporter),
            Command::Grade(arguments) => grade::grade(session, arguments, reporter),
            Command::Merge(arguments) => grade::merge(session, arguments, reporter),
            Command::Score(arguments) => grade::score(session, arguments, reporter),
            Command::Report(arguments) => report::report(session, arguments, reporter),
        }
    }
}
