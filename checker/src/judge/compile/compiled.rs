//! What compiling comes to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cargo::cargo_failed;
use super::recipe::Recipe;
use crate::Error;
use crate::judge::candidate::Candidate;
use crate::verdict::Place;

/// What compiling came to.
#[derive(Debug)]
pub enum Compiled {
    /// Programs that can be run.
    Programs(Programs),
    /// The compiler's complaints, the first error first.
    Errors(Vec<Diagnostic>),
    /// The compiler did not come to an end.
    Endless,
    /// The compiler failed and named no place in the code: it crashed, the linker failed, or the machine
    /// has no room.
    Unclear(Unclear),
}

/// A failure of the compiler that may be the code's or the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// How it ended: `it exited with code 101`.
    pub ended: String,
    /// What it said on the way, perhaps nothing.
    pub errors: Vec<Diagnostic>,
    /// Its standard error.
    pub stderr: String,
}

impl Unclear {
    /// As the machine's failure.
    pub fn as_error_of_the_machine(&self, candidate: &Candidate<'_>) -> Error {
        cargo_failed(candidate, &format!("{}\n{}", self.ended, self.stderr))
    }
}

/// The programs that were built, and what the compiler warned about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// Test programs by target.
    pub tests: BTreeMap<String, PathBuf>,
    /// Other programs by name.
    pub programs: BTreeMap<String, PathBuf>,
    /// Warnings about the exercise, as the compiler prints them.
    pub warnings: Vec<String>,
    /// Whether all that the compiler read goes into the content hash. Where it does not (a link, a
    /// file outside of `src`), the same hash may stand for another text tomorrow.
    pub known_by_hash: bool,
    /// How they were made; `None` for the learner's own, which cargo builds every time.
    pub recipe: Option<Recipe>,
}

/// One error of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// As the compiler prints it.
    pub rendered: String,
    pub place: Option<Place>,
}

/// `tests/../src/semaphore.rs`, as rustc names a file that a test includes, is `src/semaphore.rs`.
pub fn clean_paths(text: &str) -> String {
    text.replace("tests/../", "")
}
