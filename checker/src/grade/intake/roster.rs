//! A roster: a CSV file that says whose submission is where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Submission;
use crate::Error;

const FORM: &str = "A roster is CSV in UTF-8, separated by commas, with a line of headings: \
                    student,submission and perhaps days_late.";

/// Where the columns are.
struct Columns {
    student: usize,
    /// From the roster's directory; empty, if nothing was handed in.
    submission: usize,
    days_late: Option<usize>,
}

pub(super) fn read(path: &Path) -> Result<Vec<Submission>, Error> {
    let wrong = |line: usize, problem: String| {
        Error::Refused(format!("{}:{line}: {problem}\n{FORM}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(Error::reading(path))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Error::Refused(format!("{}: it is not UTF-8\n{FORM}", path.display())));
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let columns = Columns::of(&headings).map_err(|problem| wrong(1, problem))?;
    let base = path.parent().unwrap_or(Path::new("."));
    let mut lines = BTreeMap::new();
    let mut submissions = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, |position| position.line() as usize);
            wrong(line, error.to_string())
        })?;
        let line = record.position().map_or(1, |position| position.line() as usize);
        let submission =
            columns.submission(&record, base).map_err(|problem| wrong(line, problem))?;
        if let Some(first) = lines.insert(submission.student.clone(), line) {
            let problem = format!("`{}` is in line {first} already", submission.student);
            return Err(wrong(line, problem));
        }
        submissions.push(submission);
    }
    match submissions.is_empty() {
        true => Err(wrong(1, "there is no student below the headings".to_owned())),
        false => Ok(submissions),
    }
}

impl Columns {
    fn of(headings: &csv::StringRecord) -> Result<Self, String> {
        let find = |wanted: &str| headings.iter().position(|heading| heading == wanted);
        let needed = |wanted: &str| {
            let seen: Vec<String> = headings.iter().map(|heading| format!("`{heading}`")).collect();
            find(wanted).ok_or_else(|| {
                format!("there is no heading `{wanted}`; the headings are {}", seen.join(" and "))
            })
        };
        let (student, submission) = (needed("student")?, needed("submission")?);
        Ok(Self { student, submission, days_late: find("days_late") })
    }

    fn submission(&self, record: &csv::StringRecord, base: &Path) -> Result<Submission, String> {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let student = cell(self.student);
        if student.is_empty() {
            return Err("a student without a name".to_owned());
        }
        let days_late =
            match self.days_late.map(cell) {
                None => None,
                Some("") => Some(0),
                Some(days) => Some(days.parse().map_err(|_| {
                    format!("days_late is `{days}`; expected a whole number of days")
                })?),
            };
        let origin = match cell(self.submission) {
            "" => PathBuf::new(),
            place => origin(base, place)?,
        };
        Ok(Submission { student: student.to_owned(), origin, days_late })
    }
}

/// Where a submission lies that a roster in the directory `base` names.
fn origin(base: &Path, place: &str) -> Result<PathBuf, String> {
    let origin = base.join(place);
    if !origin.exists() {
        return Err(format!(
            "there is no {}; leave the cell empty for a student who submitted nothing",
            origin.display()
        ));
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    match real(base).zip(real(&origin)).is_some_and(|(base, origin)| base.starts_with(origin)) {
        true => Err(format!(
            "{} holds the roster itself; expected the directory or archive of one student",
            origin.display()
        )),
        false => Ok(origin),
    }
}
