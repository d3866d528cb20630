//! The results of a class as pages for a browser: one for the class, one for each student.
//!
//! Finished values in, texts out. The same gradebook gives the same bytes. A page is one file: its style
//! and its script stand in it, and its content security policy allows these two, by their hashes, and
//! nothing else. What a submission says (names, paths, messages) gets in through [`html`] only.

mod class;
mod html;
mod matrix;
mod message;
mod rates;
mod student;
mod stylesheet;

use std::path::{Path, PathBuf};

use crate::grade::gradebook::Gradebook;
use crate::workbook::curriculum::Curriculum;

/// A page and where it belongs, relative to the directory of all pages.
#[derive(Debug)]
pub struct Page {
    /// `index.html`, `students/ada.html`.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// The page of the class, then one for each student.
pub fn pages(curriculum: &Curriculum, gradebook: &Gradebook<'_>) -> Vec<Page> {
    let index = Page { path: "index.html".into(), text: class::page(curriculum, gradebook) };
    let students = gradebook.lines.iter().map(|student| Page {
        path: Path::new("students").join(html::file_name(&student.stored.submission.student)),
        text: student::page(curriculum, gradebook, student),
    });
    std::iter::once(index).chain(students).collect()
}
