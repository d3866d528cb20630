//! What a grading has to say, to a person and in JSON.

mod human;
mod json;
mod open;

pub(super) use json::print;
pub use open::what_is_open;

use std::path::Path;

use crate::grade::gradebook::Gradebook;
use crate::grade::grading::Progress;
use crate::grade::intake::Intake;
use crate::workbook::curriculum::Curriculum;

/// Something that a grading has to say.
#[derive(Debug, Clone, Copy)]
pub enum GradingReport<'a> {
    /// What was found among the uploads.
    Intake {
        /// Each upload.
        intakes: &'a [Intake],
        /// What could have been handed in.
        curriculum: &'a Curriculum,
    },
    /// A unit of a grading has begun or come to an end.
    Graded(&'a Progress<'a>),
    /// The gradebook, and where it was written to, if it was.
    Gradebook {
        /// The gradebook.
        gradebook: &'a Gradebook<'a>,
        /// The file, if it was written to one.
        path: Option<&'a Path>,
    },
}
