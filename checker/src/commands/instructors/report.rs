//! `checker report`: the results of a grading, as other programs read them.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::grade::approval::Approvals;
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::grading::results_in;
use crate::grade::intake::normal_form;
use crate::grade::scheme::Scheme;
use crate::report::ci::{self, github};
use crate::report::formats::{self, Makes, Options, Page, gradescope, sheets};
use crate::report::{GradingReport, Report, Reporter, escape, what_is_open};
use crate::system::files;
use crate::{Error, Exit};

use super::grade::warn_of_held;
use crate::commands::Session;
use crate::commands::ci::{summary_file, write_summary};

/// What is asked of `checker report`.
#[derive(Debug, clap::Args)]
pub struct ReportArguments {
    /// The directory that was given to `grade` as --out
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Where it goes, by default standard output; a directory if each student gets a file of their own
    #[arg(long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Only this student
    #[arg(long, value_name = "NAME")]
    pub student: Option<String>,
    /// Only this exercise; may be given more than once
    #[arg(long, value_name = "EXERCISE")]
    pub only: Vec<String>,
    /// For gradescope: who sees the tests
    #[arg(long, value_enum, default_value_t)]
    pub visibility: gradescope::Visibility,
    /// For canvas: the assignment with its number in Canvas, such as "Shopfloor (4711)"
    #[arg(long, value_name = "NAME")]
    pub assignment: Option<String>,
    /// For moodle: what the students' names are there
    #[arg(long, value_enum, default_value_t)]
    pub key: formats::Key,
    /// What is made of the results, by the name that `--format` gave.
    #[arg(skip)]
    pub makes: Makes,
}

/// Writes what was found out before, by the curriculum and the scheme as they are now.
pub fn report(
    session: &Session,
    arguments: &ReportArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let exercises = session.asked(&arguments.only)?;
    let store = results_in(&arguments.directory)?;
    super::grade::warn_of_missing_parts(&store, reporter)?;
    let stored = store.submissions()?;
    let (results, held) = Approvals::load(&arguments.directory)?.divide(store.results()?);
    let scheme = Scheme::load_beside_results(&session.workbook, &arguments.directory)?;
    let mut gradebook = Gradebook::new(exercises, &scheme, &stored, &results);
    if let Some(student) = &arguments.student {
        let student = normal_form(student);
        gradebook.lines.retain(|line| normal_form(&line.stored.submission.student) == student);
        if gradebook.lines.is_empty() {
            return Err(Error::Refused(format!("there is no submission of `{student}`")));
        }
    }
    let held = gradebook.hold(held);
    warn_of_held(&held, reporter);
    // The gradebook for people says it itself.
    if !matches!(arguments.makes, Makes::Listing) {
        for text in what_is_open(&gradebook) {
            reporter.warn(&text);
        }
    }
    let curriculum = &session.workbook.curriculum;
    let title = &curriculum.title;
    let options = Options {
        curriculum,
        assignment: arguments.assignment.as_ref().unwrap_or(title),
        key: arguments.key,
        visibility: arguments.visibility,
        variable: |name| std::env::var(name).ok(),
        now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    };
    let output = arguments.output.as_deref();
    match arguments.makes {
        Makes::Listing => {
            let report = GradingReport::Gradebook { gradebook: &gradebook, path: None };
            reporter.report(Report::Grading(report));
        }
        Makes::Ci(ci::Makes::Annotations) => {
            let sheets = sheets(&gradebook);
            let place = arguments.output.clone().or_else(summary_file);
            reporter.document(&github::annotations(&sheets));
            write_summary(title, &sheets, place.as_deref())?;
        }
        Makes::Ci(ci::Makes::Document(document)) => {
            deliver(&document(title, &sheets(&gradebook)), output, reporter)?;
        }
        Makes::Document(document) => deliver(&document(&gradebook, &options), output, reporter)?,
        Makes::Pages(pages) => write_pages(&pages(&gradebook, &options), output, reporter)?,
        Makes::ForEachStudent { file, document } => {
            let document = |line: &Line<'_>| document(&gradebook, line, &options);
            return for_each_student(&gradebook, file, document, output, reporter);
        }
    }
    Ok(Exit::Passed)
}

/// Pages into a directory.
fn write_pages(
    pages: &[Page],
    output: Option<&Path>,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    let Some(directory) = output else {
        return Err(Error::Refused(
            "a class has many pages: name the directory for them with --output DIR".to_owned(),
        ));
    };
    for page in pages {
        files::write_atomically(&directory.join(&page.path), &page.text)?;
    }
    reporter.note(&format!("The page of the class is {}.", directory.join("index.html").display()));
    Ok(())
}

/// One document for one student; for several a directory with one of each.
fn for_each_student(
    gradebook: &Gradebook<'_>,
    name: &str,
    document: impl Fn(&Line<'_>) -> Result<Option<String>, Error>,
    output: Option<&Path>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    if let [line] = gradebook.lines.as_slice() {
        let Some(text) = document(line)? else {
            left_out(line, output, reporter)?;
            return Ok(Exit::NotPassed);
        };
        deliver(&text, output, reporter)?;
        return Ok(Exit::Passed);
    }
    let Some(directory) = output else {
        return Err(Error::Refused(format!(
            "there are {} students, and each gets a file: name the directory with --output DIR, or one \
             of them with --student NAME",
            gradebook.lines.len()
        )));
    };
    let students = gradebook.lines.iter().map(|line| &line.stored.submission.student);
    let directories = escape::unique(students.map(|student| escape::component(student)));
    let mut count = 0;
    for (line, student) in gradebook.lines.iter().zip(directories) {
        let path = directory.join(student).join(name);
        match document(line)? {
            Some(text) => {
                files::write_atomically(&path, &text)?;
                count += 1;
            }
            None => left_out(line, Some(&path), reporter)?,
        }
    }
    reporter.note(&format!("{count} files {name} are in {}.", directory.display()));
    Ok(if count == gradebook.lines.len() { Exit::Passed } else { Exit::NotPassed })
}

/// Says that a student gets no document; one of an earlier report is removed, because it says what is no
/// longer so.
fn left_out(
    line: &Line<'_>,
    path: Option<&Path>,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    if let Some(path) = path {
        files::remove_if_there(path)?;
    }
    let open = match line.open() {
        1 => "1 result is open".to_owned(),
        open => format!("{open} results are open"),
    };
    let text = format!(
        "{}: {open}, and this format has only scores: no file was written, because 0 points would be \
         wrong. Grade what is open, or give report the same --only",
        line.stored.submission.student
    );
    reporter.warn(&text);
    Ok(())
}

fn deliver(text: &str, output: Option<&Path>, reporter: &mut dyn Reporter) -> Result<(), Error> {
    match output {
        Some(path) => {
            files::write_atomically(path, text)?;
            reporter.note(&format!("The report is in {}.", path.display()));
        }
        None => reporter.document(text),
    }
    Ok(())
}
