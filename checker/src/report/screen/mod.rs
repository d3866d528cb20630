//! What a learner sees, as lines for a screen: how the exercises stand, a lesson, a pass, a timeline.
//!
//! Nothing is printed here: the lines go to a terminal one after the other, or into a part of a screen. What
//! they say last is what to do. If they are more than fit, some give way ([`fold`]).

mod fold;
#[cfg(feature = "tui")]
pub(super) mod kept;
mod lesson;
mod links;
mod list;
mod pass;
mod side_by_side;
mod standing;
mod style;
mod timeline;
mod words;

use std::path::{Path, PathBuf};

use fold::{Fold, Instead, Rank};

pub(super) use style::{Style, is_live};

use super::text::Paint;

/// Lines that are being written.
pub(super) struct Screen<'a> {
    style: &'a Style,
    /// Where the files lie that are named, for links to them.
    root: Option<PathBuf>,
    lines: Vec<String>,
    folds: Vec<Fold>,
}

impl<'a> Screen<'a> {
    /// No lines yet.
    pub(super) fn new(style: &'a Style) -> Self {
        Self { style, root: None, lines: Vec::new(), folds: Vec::new() }
    }

    /// What was written, as much of it as fits.
    pub(super) fn into_lines(self) -> Vec<String> {
        match self.style.height {
            Some(height) => fold::fitted(self.lines, self.folds, self.style.width, height),
            None => self.lines,
        }
    }

    fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    fn lines(&mut self, lines: &[String], indent: usize) {
        for line in lines {
            self.line(format!("{:indent$}{line}", "").trim_end());
        }
    }

    /// Lets what `write` writes give way, at its `rank`.
    fn folding(&mut self, rank: Rank, instead: Instead, write: impl FnOnce(&mut Self)) {
        let start = self.lines.len();
        write(self);
        self.folds.push(Fold { lines: start..self.lines.len(), rank, instead });
    }

    fn paint(&self, text: &str, colour: Paint) -> String {
        self.style.paint(text, colour)
    }

    /// A file's name as it is `shown`, and where the terminal knows links, one to it.
    fn link(&self, shown: &str, file: &Path, line: Option<u32>) -> String {
        match &self.root {
            Some(root) if self.style.links => links::link(shown, &root.join(file), line),
            _ => shown.to_owned(),
        }
    }
}
