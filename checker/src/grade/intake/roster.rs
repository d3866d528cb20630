//! A roster: a file in CSV that says whose submission is where.
//!
//! It is read as spreadsheets write it: with commas, semicolons or tabs, in UTF-8 or UTF-16. What is wrong
//! in it is said all at once, each mistake with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::upload::{Submission, normal_form};
use super::{layout, names};
use crate::Error;

const FORM: &str = "A roster is CSV in UTF-8 or UTF-16, separated by commas, semicolons or tabs, with a line \
                    of headings: student,submission and perhaps days_late.";

/// The headings; what stands below `name` is for people.
const HEADINGS: [&str; 4] = ["student", "submission", "days_late", "name"];

/// What is taken for the name of a heading that is not known.
const NEAR: f64 = 0.85;

/// The most mistakes that are said at once.
const MISTAKES: usize = 50;

/// What a roster says.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Those whose submissions it names.
    pub(super) submissions: Vec<Submission>,
    /// What a person should know of it, each in a sentence.
    pub(super) warnings: Vec<String>,
}

/// Reads a roster; an error names each mistake with its line.
pub(super) fn read(path: &Path) -> Result<Roster, Error> {
    let bytes = fs::read(path).map_err(Error::reading(path))?;
    let refused = |mistakes: &[(usize, String)]| {
        let shown = mistakes.iter().take(MISTAKES);
        let mut lines: Vec<String> =
            shown.map(|(line, problem)| format!("{}:{line}: {problem}", path.display())).collect();
        if mistakes.len() > MISTAKES {
            lines.push(format!("and {} more mistakes", mistakes.len() - MISTAKES));
        }
        Error::Refused(format!("{}\n{FORM}", lines.join("\n")))
    };
    let text = text_of(&bytes).map_err(|mistake| refused(&[mistake]))?;
    let mut reading = Reading::new(path);
    let mut rows = rows(&text).into_iter();
    let columns = match rows.next() {
        Some(headings) => reading.columns(&headings),
        None => None,
    };
    match &columns {
        Some(columns) => rows.for_each(|row| reading.row(columns, &row)),
        None if reading.mistakes.is_empty() => reading.mistake(1, "it is empty".to_owned()),
        None => {}
    }
    if reading.roster.submissions.is_empty() && reading.mistakes.is_empty() {
        reading.mistake(1, "there is no student below the headings".to_owned());
    }
    if reading.mistakes.is_empty() { Ok(reading.roster) } else { Err(refused(&reading.mistakes)) }
}

/// The text of a file that a spreadsheet may have written, with `\n` at the ends of its lines; an error is
/// a line and what is wrong with it.
fn text_of(bytes: &[u8]) -> Result<String, (usize, String)> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes)?,
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(error) => {
                let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let line = with_plain_lines(&before).matches('\n').count() + 1;
                let problem = "it is not UTF-8; save it as \"CSV UTF-8\"";
                return Err((line, problem.to_owned()));
            }
        },
    };
    if text.contains('\0') {
        Err((1, "it has NUL characters; save it as \"CSV UTF-8\"".to_owned()))
    } else {
        Ok(with_plain_lines(&text))
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, (usize, String)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    let broken = || (1, "it begins as UTF-16 and is none; save it as \"CSV UTF-8\"".to_owned());
    if rest.is_empty() { String::from_utf16(&units).map_err(|_| broken()) } else { Err(broken()) }
}

fn with_plain_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A line with something in it.
struct Row {
    /// One-based.
    line: usize,
    cells: Vec<String>,
}

impl Row {
    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The rows that are not empty. Rows may have any number of cells here.
fn rows(text: &str) -> Vec<Row> {
    // Excel's own way to name the separator.
    let first = text.lines().next().unwrap_or_default();
    let named = first.strip_prefix("sep=").and_then(|rest| rest.bytes().next());
    let start = if named.is_some() { first.len() } else { 0 };
    let separator = named.unwrap_or_else(|| separator(text));
    let mut builder = csv::ReaderBuilder::new();
    let builder = builder.has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut reader = builder.delimiter(separator).from_reader(&text.as_bytes()[start..]);
    // What was text is text in each cell, so no record is an error.
    let records = reader.records().flatten();
    records
        .map(|record| {
            // The record begins behind the empty lines that the reader passes over.
            let offset = record.position().map_or(0, |position| position.byte() as usize) + start;
            let blank = text[offset..].bytes().take_while(|byte| *byte == b'\n').count();
            let line = text[..offset + blank].matches('\n').count() + 1;
            Row { line, cells: record.iter().map(|cell| cell.trim().to_owned()).collect() }
        })
        .filter(|row| row.cells.iter().any(|cell| !cell.is_empty()))
        .collect()
}

/// What the headings are separated by: of comma, semicolon and tab the most frequent one in their line.
fn separator(text: &str) -> u8 {
    let headings = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: &u8| headings.bytes().filter(|byte| byte == separator).count();
    *[b'\t', b';', b','].iter().max_by_key(|separator| count(separator)).expect("there are three")
}

/// Where the columns are.
struct Columns {
    count: usize,
    student: usize,
    /// From the roster's directory; empty, if nothing was handed in.
    submission: usize,
    days_late: Option<usize>,
}

/// A roster that is being read.
struct Reading<'a> {
    path: &'a Path,
    roster: Roster,
    mistakes: Vec<(usize, String)>,
    /// The lines of the students so far; and by real path the lines and students of their submissions.
    students: BTreeMap<String, (usize, String)>,
    places: BTreeMap<PathBuf, (usize, String)>,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            roster: Roster::default(),
            mistakes: Vec::new(),
            students: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    fn mistake(&mut self, line: usize, problem: String) {
        self.mistakes.push((line, problem));
    }

    /// Where the columns are, unless one that is needed is missing.
    fn columns(&mut self, headings: &Row) -> Option<Columns> {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut others = Vec::new();
        for (column, cell) in headings.cells.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
            match HEADINGS.iter().find(|heading| heading.eq_ignore_ascii_case(cell)) {
                None => others.push(cell.as_str()),
                Some(heading) if known.contains_key(heading) => {
                    self.mistake(headings.line, format!("the heading `{heading}` is there twice"));
                }
                Some(heading) => drop(known.insert(heading, column)),
            }
        }
        for other in others {
            match nearest(other) {
                Some(near) => {
                    let problem =
                        format!("the heading `{other}` is not known; did you mean `{near}`?");
                    self.mistake(headings.line, problem);
                }
                None => self.roster.warnings.push(format!(
                    "{}: the column `{other}` has no effect; the known ones are {}",
                    self.path.display(),
                    HEADINGS.join(", ")
                )),
            }
        }
        for needed in ["student", "submission"].into_iter().filter(|it| !known.contains_key(it)) {
            let seen: Vec<String> = headings.cells.iter().map(|cell| format!("`{cell}`")).collect();
            let problem =
                format!("there is no heading `{needed}`; the headings are {}", seen.join(" and "));
            self.mistake(headings.line, problem);
        }
        Some(Columns {
            count: headings.cells.len(),
            student: *known.get("student")?,
            submission: *known.get("submission")?,
            days_late: known.get("days_late").copied(),
        })
    }

    fn row(&mut self, columns: &Columns, row: &Row) {
        let extra = row.cells.iter().skip(columns.count).any(|cell| !cell.is_empty());
        if extra || row.cells.len() < columns.count {
            let (cells, headings) = (row.cells.len(), columns.count);
            let problem = format!(
                "it has {cells} cells, and there are {headings} headings; a cell with the separator in it \
                 stands between quotes"
            );
            return self.mistake(row.line, problem);
        }
        let student = normal_form(row.cell(columns.student));
        if student.is_empty() {
            return self.mistake(row.line, "a student without a name".to_owned());
        }
        let before = self.mistakes.len();
        self.is_new(&student, row.cell(columns.student), row.line);
        let days_late = columns.days_late.map(|column| self.days_late(row.cell(column), row.line));
        let origin = self.origin(row.cell(columns.submission), &student, row.line);
        if self.mistakes.len() == before {
            self.roster.submissions.push(Submission { student, origin, days_late });
        }
    }

    /// Each student is there once, in whichever Unicode form.
    fn is_new(&mut self, student: &str, as_written: &str, line: usize) {
        let known = self.students.insert(student.to_owned(), (line, as_written.to_owned()));
        if let Some((first, written)) = known {
            let how = if written == as_written {
                ""
            } else {
                ", in another Unicode form (composed and decomposed characters)"
            };
            self.mistake(line, format!("`{student}` is in line {first} already{how}"));
        }
    }

    fn days_late(&mut self, cell: &str, line: usize) -> u32 {
        match cell.parse() {
            _ if cell.is_empty() => 0,
            Ok(days) => days,
            Err(_) => {
                let problem = format!("days_late is `{cell}`; expected a whole number of days");
                self.mistake(line, problem);
                0
            }
        }
    }

    /// Where a submission lies; nowhere, if none was handed in.
    fn origin(&mut self, place: &str, student: &str, line: usize) -> PathBuf {
        if place.is_empty() {
            return PathBuf::new();
        }
        let base = self.path.parent().unwrap_or(Path::new("."));
        let named = base.join(place);
        let origin = if layout::is_there(&named) {
            named
        } else {
            match twin(&named) {
                None => {
                    let problem = format!(
                        "there is no {}; leave the cell empty for a student who submitted nothing",
                        named.display()
                    );
                    self.mistake(line, problem);
                    return named;
                }
                Some(twin) => {
                    self.roster.warnings.push(format!(
                        "{}:{line}: {} is named in another Unicode form than the file has (composed and \
                         decomposed characters); it is taken",
                        self.path.display(),
                        named.display()
                    ));
                    twin
                }
            }
        };
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        let place = real(&origin);
        if real(base).starts_with(&place) {
            let problem = format!(
                "{} holds the roster itself; expected the directory or archive of one student",
                origin.display()
            );
            self.mistake(line, problem);
        } else if let Some((first, other)) = self.places.get(&place).cloned() {
            if other != student {
                let problem = format!(
                    "{} is the submission of `{other}` in line {first} already; if they have handed it in \
                     together, give each student a copy",
                    origin.display()
                );
                self.mistake(line, problem);
            }
        } else {
            self.places.insert(place, (line, student.to_owned()));
        }
        origin
    }
}

/// The heading that somebody may have meant by this one.
fn nearest(heading: &str) -> Option<&'static str> {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let written = letters(heading);
    if written.contains("late") {
        return Some("days_late");
    }
    let near = |known: &&'static str| strsim::jaro_winkler(&written, &letters(known));
    let best = HEADINGS.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) >= NEAR).then_some(best)
}

/// The entry whose path is the same but for the Unicode form of its last name.
fn twin(path: &Path) -> Option<PathBuf> {
    let form = |name: &std::ffi::OsStr| Some(normal_form(name.to_str()?));
    let wanted = form(path.file_name()?)?;
    let mut entries = fs::read_dir(path.parent()?).ok()?.flatten().map(|entry| entry.path());
    entries.find(|entry| entry.file_name().and_then(form).as_ref() == Some(&wanted))
}

/// What lies beside the submissions that a roster names, looks like one and is named by no line.
pub(super) fn named_by_nobody(
    submissions: &[Submission],
    is_submission: impl Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let origins = submissions.iter().filter(|it| it.is_handed_in()).map(|it| &it.origin);
    let named: BTreeSet<PathBuf> = origins.clone().filter_map(|it| real(it)).collect();
    let beside: BTreeSet<&Path> = origins.filter_map(|it| it.parent()).collect();
    let mut found: Vec<PathBuf> = Vec::new();
    for directory in beside {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // A directory that holds a named submission is none itself.
            let holds_one =
                || real(&path).is_some_and(|it| named.iter().any(|one| one.starts_with(&it)));
            let may_be_one =
                if path.is_dir() { is_submission(&path) } else { names::stem(&name).is_some() };
            if !name.starts_with('.') && may_be_one && !holds_one() {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
