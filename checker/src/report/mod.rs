//! Reports: they consume events and finished values, and never run anything.

pub mod formats;
#[cfg(feature = "grade")]
mod grading;
mod human;
mod json;
mod json_timeline;
mod lanes;
mod output;
#[cfg(feature = "grade")]
mod page;
mod picture;
mod text;

pub use output::{finish, finish_with};
#[cfg(feature = "grade")]
pub use page::{Page, pages};
pub use picture::picture;

use std::path::Path;

use clap::ValueEnum;

use crate::commands::{Finding, Soundness, Verified, WorkbookStatus};
use crate::event::Sink;
use crate::timeline::Traced;
use crate::workbook::Workbook;
use crate::{Error, Exit};

/// How to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person, at a terminal or not
    Human,
    /// One JSON object a line, each with the key `event`
    Json,
    /// For `check` and `report` on GitHub Actions: annotations and the step summary
    Github,
    /// For `check` and `report` in other CI: JUnit's XML
    #[cfg(feature = "junit")]
    Junit,
    /// For `report`: pages for a browser, one of the class and one of each student
    #[cfg(feature = "grade")]
    Html,
    /// For `report`: Gradescope's results.json, for each student
    #[cfg(feature = "grade")]
    Gradescope,
    /// For `report`: Classroom 50's result.json, for each student; values from the environment
    #[cfg(feature = "grade")]
    Classroom50,
    /// For `report`: what GitHub Classroom's reporter reads, base64, for each student
    #[cfg(feature = "grade")]
    Classroom,
    /// For `report`: CSV for the import in Canvas' gradebook
    #[cfg(feature = "grade")]
    Canvas,
    /// For `report`: CSV for the import of grades in Moodle
    #[cfg(feature = "grade")]
    Moodle,
    /// For `report`: CSV for a spreadsheet or statistics, a line for each student and exercise
    #[cfg(feature = "grade")]
    Csv,
}

/// Who can report in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reports {
    /// `report` only.
    Report,
    /// `report` and `check`.
    Check,
    /// Every command.
    Everything,
}

impl Format {
    /// Who can report so.
    pub fn is_for(self) -> Reports {
        match self {
            Format::Human | Format::Json => Reports::Everything,
            Format::Github => Reports::Check,
            #[cfg(feature = "junit")]
            Format::Junit => Reports::Check,
            #[cfg(feature = "grade")]
            _ => Reports::Report,
        }
    }
}

/// Someone who reports to the user.
pub trait Reporter: Sink {
    /// How the asked exercises stand, and what is next.
    fn workbook_status(
        &mut self,
        workbook: &Workbook,
        workbook_status: &WorkbookStatus<'_>,
        exit: Exit,
    );
    /// What the doctor found.
    fn findings(&mut self, findings: &[Finding]);
    /// One exercise has been verified.
    fn verified(&mut self, verified: &Verified<'_>);
    /// All have been verified.
    fn verification(&mut self, verified: &[Verified<'_>], general: &[String], exit: Exit);
    /// What an experiment's processes did; `svg` is the file that a picture of it was written to.
    fn traced(&mut self, traced: &Traced<'_>, svg: Option<&Path>);
    /// One exercise has been judged many times over.
    fn soundness(&mut self, soundness: &Soundness<'_>);
    /// All have been.
    fn soundness_of_all(&mut self, all: &[Soundness<'_>], exit: Exit);
    /// What was found among the uploads.
    #[cfg(feature = "grade")]
    fn intake(
        &mut self,
        intakes: &[crate::grade::intake::Intake],
        curriculum: &crate::workbook::curriculum::Curriculum,
    );
    /// A unit of a grading has come to an end.
    #[cfg(feature = "grade")]
    fn graded(&mut self, progress: &crate::grade::grading::Progress<'_>);
    /// The gradebook, and where it was written to, if it was.
    #[cfg(feature = "grade")]
    fn gradebook(
        &mut self,
        gradebook: &crate::grade::gradebook::Gradebook<'_>,
        path: Option<&Path>,
    );
    /// A text for another program, exactly as it is.
    fn document(&mut self, text: &str);
    /// A text as it is.
    fn note(&mut self, text: &str);
    /// A text in Markdown.
    fn markdown(&mut self, text: &str);
    /// Two files, the learner's and the reference's, each with its name.
    fn side_by_side(&mut self, yours: (&str, &str), reference: (&str, &str));
    /// The checker cannot go on.
    fn error(&mut self, error: &Error);
}

/// The reporter of a format, on standard output.
pub fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Human => Box::new(human::Human::on_stdout()),
        Format::Json => Box::new(json::Json),
        _ => beside_a_document(),
    }
}

/// The reporter beside a document: what is not of it goes to standard error, and nothing is taken back.
pub fn beside_a_document() -> Box<dyn Reporter> {
    Box::new(human::Human::in_a_log())
}
