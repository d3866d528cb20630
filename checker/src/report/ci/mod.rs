//! Formats that the runners of CI read, of a learner's own exercises or of a grading: pure functions from
//! sheets to text.
//!
//! What a submission says (names, messages, paths) goes through [`escape`](super::escape), always.

pub mod github;
#[cfg(feature = "junit")]
pub mod junit;
mod makes;
mod sheet;

pub use makes::Makes;
pub use sheet::{Found, Sheet};

use super::format::{Format, NewReporter, find};
use super::{REPORTERS, Reporter, beside_a_document};

/// The formats that `check` and `report` have: a file and a line each.
pub const FORMATS: &[Format<Makes>] = &[
    github::FORMAT,
    #[cfg(feature = "junit")]
    junit::FORMAT,
];

/// How `check` reports.
#[derive(Debug, Clone, Copy)]
pub enum CheckFormat {
    /// While it works.
    Reporter(NewReporter),
    /// When it is done.
    Ci(Makes),
}

impl CheckFormat {
    /// The format of this name, if `check` has it.
    pub fn named(name: &str) -> Option<Self> {
        let reporter = find(REPORTERS, name).map(Self::Reporter);
        reporter.or_else(|| find(FORMATS, name).map(Self::Ci))
    }

    /// What reports while `check` works.
    pub fn reporter(self) -> Box<dyn Reporter> {
        match self {
            Self::Reporter(new) => new(),
            Self::Ci(_) => beside_a_document(),
        }
    }
}

impl Default for CheckFormat {
    fn default() -> Self {
        Self::Reporter(super::human::FORMAT.makes)
    }
}
