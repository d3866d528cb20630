//! `checker report`: the results of a grading, as other programs read them.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;

use crate::event::Event;
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::grading::results_in;
use crate::report::Reporter;
use crate::report::formats::{
    Sheet, canvas, classroom, escape, github, gradescope, json_report, junit, moodle, table,
};
use crate::{Error, Exit, files};

use super::{Session, ci};

/// What is asked of `checker report`.
#[derive(Debug, clap::Args)]
pub struct ReportArguments {
    /// The directory that was given to `grade` as --out
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// For whom it is written
    #[arg(long = "as", value_enum, value_name = "READER")]
    pub reader: Reader,
    /// Where it goes, by default standard output; a directory if each student gets a file of his own
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

/// Those who read the results of a grading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reader {
    /// Gradescope: results.json, for each student
    Gradescope,
    /// Classroom 50: result.json, for each student; values from the environment
    Classroom50,
    /// The reporter of GitHub Classroom: base64, for each student
    Classroom,
    /// GitLab, Jenkins, Artemis: JUnit's XML
    Junit,
    /// GitHub Actions: annotations, and the step summary
    Github,
    /// Canvas: CSV for the import in the gradebook
    Canvas,
    /// Moodle: CSV for the import of grades
    Moodle,
    /// A spreadsheet or a program for statistics: CSV, a line for each student and exercise
    Csv,
    /// A program: everything, as one JSON document
    Json,
}

/// Writes what was found out before, by the curriculum as it is now.
pub fn report(
    session: &Session,
    arguments: &ReportArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let exercises = session.asked(&arguments.only)?;
    let store = results_in(&arguments.directory)?;
    let (stored, results) = (store.submissions()?, store.results()?);
    let mut gradebook = Gradebook::of(exercises, &stored, &results);
    if let Some(student) = &arguments.student {
        gradebook.lines.retain(|line| line.stored.submission.student == *student);
        if gradebook.lines.is_empty() {
            return Err(Error::Refused(format!("there is no submission of `{student}`")));
        }
    }
    if gradebook.open() > 0 {
        let open = gradebook.open();
        let text =
            format!("{open} results are missing; the same `checker grade` judges what is left");
        reporter.take(&Event::Warning { text: &text });
    }
    let title = &session.workbook.curriculum.title;
    let assignment = arguments.assignment.as_ref().unwrap_or(title);
    let whole = match arguments.reader {
        Reader::Gradescope | Reader::Classroom50 | Reader::Classroom => {
            return for_each_student(arguments, &gradebook, reporter);
        }
        Reader::Github => {
            let sheets = Sheet::of_gradebook(&gradebook);
            let place = arguments.output.clone().or_else(ci::summary_file);
            reporter.document(&github::annotations(&sheets));
            ci::write_summary(title, &sheets, place.as_deref())?;
            return Ok(Exit::Passed);
        }
        Reader::Junit => junit::document(title, &Sheet::of_gradebook(&gradebook)),
        Reader::Canvas => canvas::import(&gradebook, assignment),
        Reader::Moodle => moodle::import(&gradebook, assignment, arguments.key),
        Reader::Csv => table::long(&gradebook),
        Reader::Json => json_report::document(title, &gradebook),
    };
    deliver(&whole, arguments.output.as_deref(), reporter)?;
    Ok(Exit::Passed)
}

/// One document for one student; for several a directory with one of each.
fn for_each_student(
    arguments: &ReportArguments,
    gradebook: &Gradebook<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let (document, name) = writer(arguments)?;
    if let [line] = gradebook.lines.as_slice() {
        deliver(&document(gradebook, line), arguments.output.as_deref(), reporter)?;
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
    for (line, student) in gradebook.lines.iter().zip(directories) {
        let path = directory.join(student).join(name);
        files::write_atomically(&path, &document(gradebook, line))?;
    }
    let count = gradebook.lines.len();
    reporter.note(&format!("{count} files {name} are in {}.", directory.display()));
    Ok(Exit::Passed)
}

type Document = Box<dyn Fn(&Gradebook<'_>, &Line<'_>) -> String>;

/// What makes a student's document, and how its file is called.
fn writer(arguments: &ReportArguments) -> Result<(Document, &'static str), Error> {
    Ok(match arguments.reader {
        Reader::Classroom50 => {
            let values = environment()?;
            let document = move |gradebook: &Gradebook<'_>, line: &Line<'_>| {
                classroom::classroom50(gradebook, line, &values)
            };
            (Box::new(document), "result.json")
        }
        Reader::Classroom => (Box::new(classroom::legacy), "results.base64"),
        _ => {
            let visibility = arguments.visibility;
            let document = move |gradebook: &Gradebook<'_>, line: &Line<'_>| {
                gradescope::results(gradebook, line, visibility)
            };
            (Box::new(document), "results.json")
        }
    })
}

fn environment() -> Result<classroom::Environment, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    classroom::Environment::of(variable, classroom::utc(now.as_secs())).map_err(|missing| {
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
