//! What a learner sees, as lines for a screen: how the exercises stand, a lesson, a pass, a timeline.
//!
//! Nothing is printed here: the lines go to a terminal one after the other, or into a part of a screen.

#[cfg(feature = "tui")]
pub(super) mod kept;
mod lesson;
mod pass;
mod side_by_side;
mod standing;
mod style;
mod timeline;
mod words;

pub(super) use style::{Style, is_live};

use super::text::Paint;

/// Lines that are being written.
pub(super) struct Screen<'a> {
    style: &'a Style,
    lines: Vec<String>,
}

impl<'a> Screen<'a> {
    /// No lines yet.
    pub(super) fn new(style: &'a Style) -> Self {
        Self { style, lines: Vec::new() }
    }

    /// What was written.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    fn lines(&mut self, lines: &[String], indent: usize) {
        for line in lines {
            self.line(format!("{:indent$}{line}", "").trim_end());
        }
    }

    fn paint(&self, text: &str, colour: Paint) -> String {
        self.style.paint(text, colour)
    }
}
