//! What commands have to say, and who says it.

use std::path::Path;

#[cfg(feature = "grade")]
use super::grading::GradingReport;
use crate::event::{Event, Sink};
use crate::findings::{Compared, Finding, Listed, Mutated, Soundness, Verified, WorkbookStatus};
use crate::timeline::Traced;
use crate::workbook::Workbook;
use crate::{Error, Exit};

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
        /// Whether all is to be shown, however tall the screen is.
        full: bool,
    },
    /// All exercises, as they are remembered.
    List {
        /// The workbook that they are of.
        workbook: &'a Workbook,
        /// Each of them.
        listed: &'a [Listed<'a>],
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
    /// The mutants of one exercise have been judged.
    Mutated(&'a Mutated<'a>),
    /// What a grading has found out.
    #[cfg(feature = "grade")]
    Grading(GradingReport<'a>),
    /// A text for another program, exactly as it is.
    Document(&'a str),
    /// A text as it is.
    Note(&'a str),
    /// A text in Markdown.
    Markdown(&'a str),
    /// The learner's files and the reference's.
    Solution(&'a [Compared]),
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
