//! How lines are written: how wide, in colour or not, and how commands are called.

use crate::evidence::{Evidence, Words};
use crate::report::text::{Paint, clean, paint};

/// How lines are written.
#[derive(Debug, Clone)]
pub(in crate::report) struct Style {
    /// How many characters a line may have.
    pub width: usize,
    /// Whether words are coloured.
    pub colour: bool,
    /// How this program was called, for commands that the reader may copy.
    pub program: String,
}

impl Style {
    pub(in crate::report) fn paint(&self, text: &str, colour: Paint) -> String {
        paint(text, colour, self.colour)
    }

    /// Commands in the texts of the core are written as `checker …`.
    pub(in crate::report) fn with_program(&self, text: &str) -> String {
        text.replace("`checker ", &format!("`{} ", self.program))
    }

    /// Evidence in words that can be printed.
    pub(super) fn worded(&self, evidence: &Evidence) -> Words {
        evidence.words().map(|text| self.with_program(&clean(text)))
    }
}
