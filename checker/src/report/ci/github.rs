//! GitHub Actions: annotations, the step summary, and a guard around what programs print.
//!
//! The runner takes a line `::error …::…` for a command, whoever wrote it. What a program printed is
//! therefore shown between `::stop-commands::TOKEN` and `::TOKEN::` only, with a token that nobody can
//! guess; and in the commands and the summary it is escaped.

use std::path::Component;

use crate::verdict::{Outcome, Place, TestResult};

use super::makes::Makes;
use super::sheet::{Found, Sheet};
use crate::report::Format;
use crate::report::escape::{command_data, command_property, cut, fenced, markdown};

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "github",
    help: "on GitHub Actions: annotations and the step summary",
    makes: Makes::Annotations,
};

/// The most annotations that GitHub shows of a kind and step.
pub const ANNOTATIONS: usize = 10;

/// The most bytes of a step's summary; a larger one is refused as a whole.
pub const SUMMARY: usize = 1 << 20;

/// The most characters of a message in an annotation, and in the summary.
const MESSAGE: usize = 4000;

/// What the summary keeps free for its last line.
const LAST_LINE: usize = 100;

/// From here on the runner obeys no line, until [`resume_commands`] with the same token.
pub fn stop_commands(token: &str) -> String {
    format!("::stop-commands::{token}\n")
}

/// From here on the runner obeys again.
pub fn resume_commands(token: &str) -> String {
    format!("::{token}::\n")
}

/// An error that belongs to no file.
pub fn error(title: &str, message: &str) -> String {
    let message = command_data(&cut(message, MESSAGE));
    format!("::error title={}::{message}\n", command_property(title))
}

/// The most useful annotations: of each exercise the test to begin with, then the others; those that
/// name a place first.
pub fn annotations(sheets: &[Sheet<'_>]) -> String {
    let mut ranked: Vec<((usize, bool), String)> = Vec::new();
    for sheet in sheets {
        for found in sheet.exercises.iter().filter(|found| found.is_wrong()) {
            let notes = notes(sheet, found);
            let rank = |(index, note): (usize, Note)| ((index, note.place.is_none()), note.text());
            ranked.extend(notes.into_iter().enumerate().map(rank));
        }
    }
    // The sort is stable: within a rank the curriculum's order stays.
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(ANNOTATIONS).map(|(_, text)| text).collect()
}

/// One annotation.
struct Note {
    level: &'static str,
    title: String,
    place: Option<String>,
    message: String,
}

impl Note {
    fn text(&self) -> String {
        let place = self.place.as_ref().map(|place| format!("{place},")).unwrap_or_default();
        let message = command_data(&cut(self.message.trim(), MESSAGE));
        format!("::{} {place}title={}::{message}\n", self.level, command_property(&self.title))
    }
}

fn notes(sheet: &Sheet<'_>, found: &Found<'_>) -> Vec<Note> {
    let exercise = found.exercise;
    let whose = sheet.student.map(|student| format!("{student}: ")).unwrap_or_default();
    let name = format!("{whose}{} {}", exercise.number, exercise.name);
    let judgement = found.judgement.expect("what is wrong was judged");
    let of_test = |test: &TestResult| Note {
        level: if test.outcome == Outcome::Skipped { "warning" } else { "error" },
        title: format!("{name}: {}", test.name),
        place: test.place.as_ref().and_then(place),
        message: test.message().unwrap_or_else(|| found.in_words()),
    };
    let own = judgement.message().map(|message| Note {
        level: if judgement.is_open() { "warning" } else { "error" },
        title: format!("{name}: {}", judgement.verdict.in_words()),
        place: judgement.place.as_ref().and_then(place),
        message,
    });
    let mut notes: Vec<Note> = Vec::new();
    for note in own.into_iter().chain(found.unpassed().into_iter().map(of_test)) {
        // Tests often fail at one place for one reason: one annotation is enough.
        if !notes.iter().any(|said| said.place == note.place && said.message == note.message) {
            notes.push(note);
        }
    }
    if notes.is_empty() {
        let (title, message) = (name, found.in_words());
        return vec![Note { level: "error", title, place: None, message }];
    }
    notes
}

/// `file=F,line=N`; nothing for a place outside of the workbook, which a panic's text may claim.
fn place(place: &Place) -> Option<String> {
    let is_inside = place.file.components().all(|part| matches!(part, Component::Normal(_)));
    let file = command_property(&place.file.display().to_string());
    let column = place.column.map(|column| format!(",col={column}")).unwrap_or_default();
    is_inside.then(|| format!("file={file},line={}{column}", place.line))
}

/// The step summary in Markdown, of at most `limit` bytes: for one student a line for each exercise and
/// what is wrong with it, for several a line for each.
pub fn summary(title: &str, sheets: &[Sheet<'_>], limit: usize) -> String {
    let limit = limit.min(SUMMARY);
    match sheets {
        [sheet] => one(title, sheet, limit),
        sheets => several(title, sheets, limit),
    }
}

fn one(title: &str, sheet: &Sheet<'_>, limit: usize) -> String {
    let whose = sheet.student.map(|student| format!("{}, ", markdown(student))).unwrap_or_default();
    let points = sheet.points.as_ref().map(|it| format!(", {it} points")).unwrap_or_default();
    let (title, passed, total) = (markdown(title), sheet.passed(), sheet.exercises.len());
    let mut page =
        Page::new(format!("## {whose}{title}: {passed} of {total} pass{points}\n\n"), limit);
    if let Some(why) = sheet.unreadable {
        page.push(&format!("The submission cannot be read: {}\n\n", markdown(&cut(why, MESSAGE))));
    }
    page.push("| | exercise | |\n| --- | --- | --- |\n");
    for found in &sheet.exercises {
        let exercise = found.exercise;
        let (number, name) = (exercise.number, markdown(&exercise.name));
        page.push(&format!(
            "| {} | {number} {name} | {} |\n",
            mark(found),
            markdown(&found.in_words())
        ));
    }
    for found in sheet.exercises.iter().filter(|found| found.is_wrong()) {
        page.push(&section(found));
    }
    page.finish()
}

fn section(found: &Found<'_>) -> String {
    let exercise = found.exercise;
    let title = format!("{} {}: {}", exercise.number, exercise.name, exercise.title);
    let mut text = format!("\n### {}\n\n", markdown(&title));
    let judgement = found.judgement.expect("what is wrong was judged");
    if let Some(message) = judgement.message() {
        text.push_str(&fenced(&cut(&message, MESSAGE)));
    }
    if let Some(test) = found.unpassed().first() {
        text.push_str(&format!("\n**{}**", markdown(&test.name)));
        if let Some(place) = &test.place {
            text.push_str(&format!(" at {}", markdown(&place.to_string())));
        }
        text.push_str("\n\n");
        text.push_str(&fenced(&cut(&test.message().unwrap_or_default(), MESSAGE)));
    }
    text
}

fn several(title: &str, sheets: &[Sheet<'_>], limit: usize) -> String {
    let count = sheets.len();
    let mut page = Page::new(format!("## {}: {count} students\n\n", markdown(title)), limit);
    page.push("| student | pass | points | |\n| --- | --- | --- | --- |\n");
    for sheet in sheets {
        page.push(&format!(
            "| {} | {} of {} | {} | {} |\n",
            markdown(sheet.student.unwrap_or_default()),
            sheet.passed(),
            sheet.exercises.len(),
            sheet.points.as_deref().unwrap_or_default(),
            markdown(&cut(sheet.unreadable.unwrap_or_default(), MESSAGE))
        ));
    }
    page.finish()
}

fn mark(found: &Found<'_>) -> &'static str {
    match found.judgement {
        _ if found.has_passed() => "✓",
        _ if found.is_wrong() => "✗",
        _ => "·",
    }
}

/// Text that grows up to a limit; what does not fit any more is left out and counted.
struct Page {
    text: String,
    limit: usize,
    left_out: usize,
}

impl Page {
    fn new(head: String, limit: usize) -> Self {
        let mut page = Self { text: String::new(), limit, left_out: 0 };
        page.push(&head);
        page
    }

    fn push(&mut self, piece: &str) {
        let fits = self.text.len() + piece.len() + LAST_LINE <= self.limit;
        if fits && self.left_out == 0 { self.text.push_str(piece) } else { self.left_out += 1 }
    }

    fn finish(mut self) -> String {
        let last = format!("\n… and {} more; the log has them all.\n", self.left_out);
        if self.left_out > 0 && self.text.len() + last.len() <= self.limit {
            self.text.push_str(&last);
        }
        self.text
    }
}
