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

use std::path::Path;

use crate::grade::gradebook::Gradebook;
use crate::workbook::curriculum::Curriculum;

use super::makes::{Makes, Page};
use crate::report::Format;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "html",
    help: "pages for a browser, one of the class and one of each student",
    makes: Makes::Pages(|gradebook, options| pages(options.curriculum, gradebook)),
};

/// The page of the class, then one for each student.
pub fn pages(curriculum: &Curriculum, gradebook: &Gradebook<'_>) -> Vec<Page> {
    let index = Page { path: "index.html".into(), text: class::page(curriculum, gradebook) };
    let students = gradebook.lines.iter().map(|student| Page {
        path: Path::new("students").join(html::file_name(&student.stored.submission.student)),
        text: student::page(curriculum, gradebook, student),
    });
    std::iter::once(index).chain(students).collect()
}
