//! The file of a known-wrong solution.

use std::path::PathBuf;

/// A known-wrong solution, as its file has it.
#[derive(Debug, Clone)]
pub struct WrongFile {
    /// Its file's name without the extension.
    pub name: String,
    /// Where it lies, from the exercise's solutions: `wrong/NAME.patch`.
    pub path: PathBuf,
    /// The file's text.
    pub text: String,
}

impl WrongFile {
    /// Whether it is a difference, and not a whole file.
    pub fn is_patch(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "patch")
    }
}
