//! The lines of the files that threads are in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evidence::Place;

/// Files by their path from the workbook's root.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: BTreeMap<PathBuf, Vec<String>>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, path: PathBuf, text: &str) {
        let lines = text.lines().map(|line| line.replace('\t', "    "));
        self.files.insert(path, lines.collect());
    }

    /// The lines of a file; none if it is not one of these.
    pub fn lines(&self, file: &Path) -> &[String] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// The line at a place, and so many before and behind it, with their numbers.
    pub fn around(&self, place: &Place, before: usize, behind: usize) -> Vec<(usize, &str)> {
        let line = place.line as usize;
        let lines = self.lines(&place.file).iter().map(String::as_str).zip(1..);
        let window = lines.map(|(text, number)| (number, text));
        window.filter(|(number, _)| *number + before >= line && *number <= line + behind).collect()
    }
}
