//! A schedule as a picture: a column for each thread, a row for each step.

use std::fmt::Write;

use crate::recorder::{OBJECT_BEGINS, OBJECT_ENDS, Place, Record, Step, Wait};
use crate::source;

/// The checker indents what a test says; with that, a row has 80 columns at most.
const WIDTH: usize = 74;
/// A narrower column cannot be read, and a line for each step is better.
const NARROWEST: usize = 17;
/// A longer history begins with what is left out.
const ROWS: usize = 40;
/// At most so many source lines stand below the picture.
const LEGEND: usize = 8;

/// The text with each object's name in place of its mark.
pub fn with_names(text: &str, record: &Record) -> String {
    replace(text, &source::names(record))
}

fn replace(text: &str, names: &[String]) -> String {
    let mut parts = text.split(OBJECT_BEGINS);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(OBJECT_ENDS).unwrap_or(("", part));
        let name = number.parse().ok().and_then(|number: usize| names.get(number));
        named.push_str(name.map_or("?", String::as_str));
        named.push_str(rest);
    }
    named
}

/// A row: who, where, what, and how often in a row.
struct Row {
    thread: usize,
    place: Place,
    text: String,
    times: usize,
}

/// The picture of a record.
pub fn draw(record: &Record) -> String {
    let names = source::names(record);
    let rows = rows(&record.steps, &names);
    let mut text = String::new();
    let left_out = rows.len().saturating_sub(ROWS);
    if left_out > 0 {
        let _ = writeln!(text, "(the first {left_out} steps are left out)");
    }
    let shown = &rows[left_out..];
    let columns: Vec<usize> = (0..record.threads.len())
        .filter(|&thread| shown.iter().any(|row| row.thread == thread))
        .collect();
    let file = most_used_file(shown);
    if !file.is_empty() {
        let _ = writeln!(text, "{file}");
    }
    let places = Places::below(file, shown);
    let width = column_width(columns.len(), places.width);
    if width >= NARROWEST {
        table(&mut text, record, shown, &columns, &places, width);
    } else {
        list(&mut text, record, shown, &places);
    }
    endings(&mut text, record, &names);
    legend(&mut text, shown);
    text
}

/// The file that most rows are of; among several the learner's. It stands above the rows, and not in
/// each of them.
fn most_used_file(rows: &[Row]) -> &'static str {
    let rows_of = |file: &str| rows.iter().filter(|row| row.place.file() == file).count();
    let files = rows.iter().map(|row| row.place.file());
    let most = files.max_by_key(|file| (rows_of(file), source::is_learners(file), *file));
    most.map_or("", source::short)
}

/// How the first column names places.
struct Places {
    /// The file that the heading names.
    file: &'static str,
    /// How wide the column is.
    width: usize,
}

impl Places {
    fn below(file: &'static str, rows: &[Row]) -> Self {
        let mut places = Self { file, width: 0 };
        places.width = rows.iter().map(|row| places.name(row.place).len()).max().unwrap_or(0);
        places
    }

    /// `:25` in the file of the heading, `protocol.rs:92` in another one.
    fn name(&self, place: Place) -> String {
        match source::short(place.file()) {
            file if file == self.file => format!(":{}", place.line()),
            file => format!("{file}:{}", place.line()),
        }
    }
}

/// The steps, with equal ones in a row as one.
fn rows(steps: &[Step], names: &[String]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for step in steps {
        let text = replace(&step.text, names);
        match rows.last_mut() {
            Some(last)
                if last.thread == step.thread && last.place == step.place && last.text == text =>
            {
                last.times += 1;
            }
            _ => rows.push(Row { thread: step.thread, place: step.place, text, times: 1 }),
        }
    }
    for row in &mut rows {
        if row.times > 1 {
            let _ = write!(row.text, " (×{})", row.times);
        }
    }
    rows
}

fn short(place: Place) -> String {
    format!("{}:{}", source::short(place.file()), place.line())
}

fn column_width(columns: usize, place: usize) -> usize {
    let room = WIDTH.saturating_sub(place);
    (room / columns.max(1)).saturating_sub(3)
}

fn table(
    text: &mut String,
    record: &Record,
    rows: &[Row],
    columns: &[usize],
    places: &Places,
    width: usize,
) {
    let place = places.width;
    let widest = rows.iter().map(|row| row.text.chars().count()).max().unwrap_or(0);
    let longest_name = columns.iter().map(|&thread| record.threads[thread].chars().count()).max();
    let width = width.min(widest.max(longest_name.unwrap_or(0)));
    let line = |text: &mut String, first: &str, cell: &dyn Fn(usize) -> String| {
        let cells: Vec<String> =
            columns.iter().map(|&thread| format!("{:<width$}", cell(thread))).collect();
        let row = format!("{first:<place$} │ {}", cells.join(" │ "));
        let _ = writeln!(text, "{}", row.trim_end());
    };
    line(text, "", &|thread| cut(&record.threads[thread], width).0);
    let rule: Vec<String> = columns.iter().map(|_| "─".repeat(width)).collect();
    let _ = writeln!(text, "{}─┼─{}", "─".repeat(place), rule.join("─┼─"));
    for row in rows {
        let mut first = places.name(row.place);
        let mut rest = row.text.clone();
        while !rest.is_empty() {
            let (cell, next) = cut(&rest, width);
            line(text, &first, &|thread| {
                if thread == row.thread { cell.clone() } else { String::new() }
            });
            first.clear();
            rest = next;
        }
    }
}

/// What fits into `width`, broken at a space where there is one, and the rest.
fn cut(text: &str, width: usize) -> (String, String) {
    if text.chars().count() <= width {
        return (text.to_owned(), String::new());
    }
    let hard = text.char_indices().nth(width).map_or(text.len(), |(at, _)| at);
    // The one character more may be the space that is broken at.
    let spaces = text.char_indices().take(width + 1).filter(|&(at, c)| c == ' ' && at > 0);
    let at = spaces.last().map_or(hard, |(at, _)| at);
    (text[..at].to_owned(), format!(" {}", text[at..].trim_start()))
}

fn list(text: &mut String, record: &Record, rows: &[Row], places: &Places) {
    let place = places.width;
    let name = rows.iter().map(|row| record.threads[row.thread].chars().count()).max().unwrap_or(0);
    for row in rows {
        let _ = writeln!(
            text,
            "{:<place$}  {:<name$}  {}",
            places.name(row.place),
            record.threads[row.thread],
            row.text
        );
    }
}

/// Who waits at the end, where, for what, and who has it.
fn endings(text: &mut String, record: &Record, names: &[String]) {
    let mut waiting: Vec<_> = record.waiting.iter().collect();
    waiting.sort_unstable_by_key(|(thread, _)| **thread);
    for (&thread, waiting) in waiting {
        let what = match waiting.wait {
            Wait::End(_) => continue,
            Wait::WakeUp { .. } if !record.sleeps(thread) => continue,
            Wait::WakeUp { .. } => format!("sleeps in {}", replace(&waiting.text, names)),
            Wait::Lock(lock) => match record.objects[lock.0].holder {
                // It had only not come to it yet.
                None => continue,
                Some(holder) => format!(
                    "waits: {}, which {} holds",
                    replace(&waiting.text, names),
                    if holder == thread { "it itself" } else { &record.threads[holder] },
                ),
            },
        };
        let _ = writeln!(text, "{} {what} ({})", record.threads[thread], short(waiting.place));
    }
}

/// The learner's lines in the picture, in the order of the file.
fn legend(text: &mut String, rows: &[Row]) {
    let mut places: Vec<Place> = rows
        .iter()
        .map(|row| row.place)
        .filter(|place| source::is_learners(place.file()))
        .collect();
    places.sort_unstable_by_key(|place| (place.file(), place.line()));
    places.dedup_by_key(|place| (place.file(), place.line()));
    for place in places.into_iter().take(LEGEND) {
        if let Some(line) = source::line(place) {
            let shown = format!("  {}  {line}", short(place));
            let _ = writeln!(text, "{}", shown.chars().take(WIDTH).collect::<String>());
        }
    }
}
