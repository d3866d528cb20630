//! `checker page`: the results of a grading as pages for a browser.

use std::path::{Path, PathBuf};

use crate::grade::gradebook::Gradebook;
use crate::grade::grading::results_in;
use crate::report::{Reporter, pages};
use crate::{Error, Exit, files};

use super::Session;

/// What is asked of `checker page`.
#[derive(Debug, clap::Args)]
pub struct PageArguments {
    /// The directory that was given to `grade` as --out
    #[arg(value_name = "DIR")]
    pub results: PathBuf,
    /// Where the pages go: index.html, and students/ with a page for each
    #[arg(long, value_name = "PAGES")]
    pub out: PathBuf,
}

/// Writes the page of the class and a page for each student.
pub fn page(
    session: &Session,
    arguments: &PageArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let store = results_in(&arguments.results)?;
    let (stored, results) = (store.submissions()?, store.results()?);
    let curriculum = &session.workbook.curriculum;
    let gradebook = Gradebook::new(curriculum, &stored, &results);
    for page in pages(curriculum, &gradebook) {
        files::write_atomically(&arguments.out.join(page.path), &page.text)?;
    }
    let index = arguments.out.join("index.html");
    reporter.note(&format!("The page of the class is {}.", Path::new(&index).display()));
    Ok(Exit::Passed)
}
