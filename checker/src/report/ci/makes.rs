//! What is made for a runner of CI.

use super::sheet::Sheet;

/// What is made of sheets.
#[derive(Debug, Clone, Copy)]
pub enum Makes {
    /// One document, given a title.
    Document(fn(&str, &[Sheet<'_>]) -> String),
    /// Annotations in the log and a summary of the step, as GitHub's runner takes them.
    Annotations,
}
