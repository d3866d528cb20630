//! `checker report`: the results of a grading, as other programs read them.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::grade::approval::Approvals;
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::grading::results_in;
use crate::grade::intake::normal_form;
use crate::grade::scheme::Scheme;
use crate::report::formats::{
    Sheet, canvas, classroom, escape, github, gradescope, json_report, junit, moodle, table,
};
use crate::report::{Format, Report, Reporter, pages};
use crate::system::files;
use crate::{Error, Exit};

use super::grade::warn_of_held;
use super::{Session, ci};

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
    pub key: moodle::Key,
}

/// Writes what was found out before, by the curriculum and the scheme as they are now.
pub fn report(
    session: &Session,
    arguments: &ReportArguments,
    format: Format,
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
    if format != Format::Human {
        for text in gradebook.what_is_open() {
            reporter.warn(&text);
        }
    }
    let title = &session.workbook.curriculum.title;
    let assignment = arguments.assignment.as_ref().unwrap_or(title);
    let whole = match format {
        Format::Human => {
            reporter.report(Report::Gradebook { gradebook: &gradebook, path: None });
            return Ok(Exit::Passed);
        }
        Format::Html => return html(session, arguments, &gradebook, reporter),
        Format::Gradescope | Format::Classroom50 | Format::Classroom => {
            return for_each_student(arguments, format, &gradebook, reporter);
        }
        Format::Github => {
            let sheets = Sheet::from_gradebook(&gradebook);
            let place = arguments.output.clone().or_else(ci::summary_file);
            reporter.document(&github::annotations(&sheets));
            ci::write_summary(title, &sheets, place.as_deref())?;
            return Ok(Exit::Passed);
        }
        Format::Junit => junit::document(title, &Sheet::from_gradebook(&gradebook)),
        Format::Canvas => canvas::import(&gradebook, assignment),
        Format::Moodle => moodle::import(&gradebook, assignment, arguments.key),
        Format::Csv => table::long(&gradebook),
        Format::Json => json_report::document(title, &gradebook),
    };
    deliver(&whole, arguments.output.as_deref(), reporter)?;
    Ok(Exit::Passed)
}

/// The page of the class and a page of each student.
fn html(
    session: &Session,
    arguments: &ReportArguments,
    gradebook: &Gradebook<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let Some(directory) = &arguments.output else {
        return Err(Error::Refused(
            "a class has many pages: name the directory for them with --output DIR".to_owned(),
        ));
    };
    for page in pages(&session.workbook.curriculum, gradebook) {
        files::write_atomically(&directory.join(page.path), &page.text)?;
    }
    reporter.note(&format!("The page of the class is {}.", directory.join("index.html").display()));
    Ok(Exit::Passed)
}

/// One document for one student; for several a directory with one of each.
fn for_each_student(
    arguments: &ReportArguments,
    format: Format,
    gradebook: &Gradebook<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let (document, name) = writer(arguments, format)?;
    if let [line] = gradebook.lines.as_slice() {
        let Some(text) = document(gradebook, line) else {
            left_out(line, arguments.output.as_deref(), reporter)?;
            return Ok(Exit::NotPassed);
        };
        deliver(&text, arguments.output.as_deref(), reporter)?;
        return Ok(Exit::Passed);
    }
    let Some(directory) = &arguments.output else {
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
        match document(gradebook, line) {
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

/// `None` if the format cannot say that something is open.
type Document = Box<dyn Fn(&Gradebook<'_>, &Line<'_>) -> Option<String>>;

/// What makes a student's document, and how its file is called.
fn writer(arguments: &ReportArguments, format: Format) -> Result<(Document, &'static str), Error> {
    Ok(match format {
        Format::Classroom50 => {
            let values = environment()?;
            let document = move |gradebook: &Gradebook<'_>, line: &Line<'_>| {
                classroom::classroom50(gradebook, line, &values)
            };
            (Box::new(document), "result.json")
        }
        Format::Classroom => (Box::new(classroom::legacy), "results.base64"),
        _ => {
            let visibility = arguments.visibility;
            let document = move |gradebook: &Gradebook<'_>, line: &Line<'_>| {
                Some(gradescope::results(gradebook, line, visibility))
            };
            (Box::new(document), "results.json")
        }
    })
}

fn environment() -> Result<classroom::Environment, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    classroom::Environment::from_variables(variable, classroom::utc(now.as_secs())).map_err(|missing| {
        Error::Refused(format!(
            "classroom50: its runner tells the grader by variables, and these are not set: {missing}"
        ))
    })
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
