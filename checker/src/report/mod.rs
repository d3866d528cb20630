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

use crate::event::{Event, Sink};
use crate::findings::{Finding, Soundness, Verified, WorkbookStatus};
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

/// Something that a command has to say.
#[derive(Debug, Clone, Copy)]
pub enum Report<'a> {
    /// How the asked exercises stand, and what is next.
    Status {
        /// The workbook that they are of.
        workbook: &'a Workbook,
        /// How they stand.
        status: &'a WorkbookStatus<'a>,
        /// How the command will exit.
        exit: Exit,
    },
    /// What the doctor found.
    Machine(&'a [Finding]),
    /// One exercise has been verified.
    Verified(&'a Verified<'a>),
    /// All have been verified.
    Verification {
        /// Each of them.
        verified: &'a [Verified<'a>],
        /// Problems of the workbook's own files.
        general: &'a [String],
        /// How the command will exit.
        exit: Exit,
    },
    /// What an experiment's processes did.
    Timeline {
        /// Yours and the reference's.
        traced: &'a Traced<'a>,
        /// The file that a picture of it was written to.
        svg: Option<&'a Path>,
    },
    /// One exercise has been judged many times over.
    Soundness(&'a Soundness<'a>),
    /// All have been.
    SoundnessOfAll {
        /// Each of them.
        all: &'a [Soundness<'a>],
        /// How the command will exit.
        exit: Exit,
    },
    /// What was found among the uploads.
    #[cfg(feature = "grade")]
    Intake {
        intakes: &'a [crate::grade::intake::Intake],
        /// What could have been handed in.
        curriculum: &'a crate::workbook::curriculum::Curriculum,
    },
    /// A unit of a grading has begun or come to an end.
    #[cfg(feature = "grade")]
    Graded(&'a crate::grade::grading::Progress<'a>),
    /// The gradebook, and where it was written to, if it was.
    #[cfg(feature = "grade")]
    Gradebook {
        gradebook: &'a crate::grade::gradebook::Gradebook<'a>,
        /// The file, if it was written to one.
        path: Option<&'a Path>,
    },
    /// A text for another program, exactly as it is.
    Document(&'a str),
    /// A text as it is.
    Note(&'a str),
    /// A text in Markdown.
    Markdown(&'a str),
    /// Two files, the learner's and the reference's, each with its name.
    SideBySide {
        /// Name and text.
        yours: (&'a str, &'a str),
        /// Name and text.
        reference: (&'a str, &'a str),
    },
    /// The checker cannot go on.
    Error(&'a Error),
}

/// Someone who reports to the user: events while the core works, and what commands have to say.
pub trait Reporter: Sink {
    fn report(&mut self, report: Report<'_>);
}

impl dyn Reporter + '_ {
    /// Says a text as it is.
    pub fn note(&mut self, text: &str) {
        self.report(Report::Note(text));
    }

    /// Says a text for another program, exactly as it is.
    pub fn document(&mut self, text: &str) {
        self.report(Report::Document(text));
    }

    /// Warns of something that stops nothing.
    pub fn warn(&mut self, text: &str) {
        self.emit(&Event::Warning { text });
    }
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
