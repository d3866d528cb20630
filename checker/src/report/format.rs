//! The values of `--format`.
//!
//! A format is a value that one file exports and a line in one of three lists: [`super::REPORTERS`] for every
//! command, [`super::ci::FORMATS`] for `check` and `report`, and `formats::FORMATS` for `report` alone.

use super::reporter::Reporter;

/// A value of `--format`.
#[derive(Debug, Clone, Copy)]
pub struct Format<M> {
    /// As it is typed.
    pub name: &'static str,
    /// What `--help` says of it, as the rest of a sentence.
    pub help: &'static str,
    /// What a command makes in this format.
    pub makes: M,
}

/// Makes what reports while a command works.
pub type NewReporter = fn() -> Box<dyn Reporter>;

/// What is made in the format of this name, if these have one.
pub fn find<M: Copy>(formats: &[Format<M>], name: &str) -> Option<M> {
    formats.iter().find(|format| format.name == name).map(|format| format.makes)
}
