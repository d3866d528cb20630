//! A schedule as a picture: a column for each thread, a row for each step.

use std::fmt::Write;
use std::path::Path;

use crate::place::short;
use crate::{Place, Schedule, Step};

/// A narrower column cannot be read, and a line for each step is better.
const NARROWEST: usize = 17;

/// The picture of a schedule, whose rows have at most so many characters.
pub(crate) fn draw(schedule: &Schedule, most: usize) -> String {
    let mut text = String::new();
    if schedule.left_out > 0 {
        let _ = writeln!(text, "(the first {} steps are left out)", schedule.left_out);
    }
    let columns: Vec<usize> = (0..schedule.threads.len())
        .filter(|&thread| schedule.steps.iter().any(|step| step.thread == thread))
        .collect();
    let places = Places::new(&schedule.steps);
    if !places.file.is_empty() {
        let _ = writeln!(text, "{}", places.file);
    }
    let width = column_width(columns.len(), places.width, most);
    if width >= NARROWEST {
        table(&mut text, schedule, &columns, &places, width);
    } else {
        list(&mut text, schedule, &places);
    }
    endings(&mut text, schedule);
    for line in &schedule.lines {
        let shown = format!("  {}  {}", line.place.short(), line.text);
        let _ = writeln!(text, "{}", shown.chars().take(most).collect::<String>());
    }
    text
}

/// How the first column names places.
struct Places {
    /// The file that most steps are of. It stands above the rows, and not in each of them.
    file: String,
    /// How wide the column is.
    width: usize,
}

impl Places {
    fn new(steps: &[Step]) -> Self {
        let mut places = Self { file: most_used_file(steps), width: 0 };
        places.width = steps.iter().map(|step| places.name(&step.place).len()).max().unwrap_or(0);
        places
    }

    /// `:25` in the file of the heading, `protocol.rs:92` in another one.
    fn name(&self, place: &Place) -> String {
        match short(&place.file) {
            file if file == self.file => format!(":{}", place.line),
            file => format!("{file}:{}", place.line),
        }
    }
}

/// The file that most steps are of; among several the learner's.
fn most_used_file(steps: &[Step]) -> String {
    let steps_of = |file: &Path| steps.iter().filter(|step| step.place.file == file).count();
    let files = steps.iter().map(|step| step.place.file.as_path());
    let most = files.max_by_key(|file| (steps_of(file), is_learners(file), *file));
    most.map_or(String::new(), short)
}

/// Whether a file is the learner's, as the tests include it.
fn is_learners(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "src")
}

fn column_width(columns: usize, place: usize, most: usize) -> usize {
    let room = most.saturating_sub(place);
    (room / columns.max(1)).saturating_sub(3)
}

/// What a step did, and how often.
fn deed(step: &Step) -> String {
    match step.times {
        0 | 1 => step.text.clone(),
        times => format!("{} (×{times})", step.text),
    }
}

fn table(text: &mut String, schedule: &Schedule, columns: &[usize], places: &Places, width: usize) {
    let place = places.width;
    let deeds: Vec<String> = schedule.steps.iter().map(deed).collect();
    let names = columns.iter().map(|&thread| schedule.thread(thread));
    let widest = deeds.iter().map(String::as_str).chain(names).map(|it| it.chars().count()).max();
    let width = width.min(widest.unwrap_or(0));
    let line = |text: &mut String, first: &str, cell: &dyn Fn(usize) -> String| {
        let cells: Vec<String> =
            columns.iter().map(|&thread| format!("{:<width$}", cell(thread))).collect();
        let row = format!("{first:<place$} │ {}", cells.join(" │ "));
        let _ = writeln!(text, "{}", row.trim_end());
    };
    line(text, "", &|thread| cut(schedule.thread(thread), width).0);
    let rule: Vec<String> = columns.iter().map(|_| "─".repeat(width)).collect();
    let _ = writeln!(text, "{}─┼─{}", "─".repeat(place), rule.join("─┼─"));
    for (step, deed) in schedule.steps.iter().zip(deeds) {
        let mut first = places.name(&step.place);
        let mut rest = deed;
        while !rest.is_empty() {
            let (cell, next) = cut(&rest, width);
            line(text, &first, &|thread| {
                if thread == step.thread { cell.clone() } else { String::new() }
            });
            first.clear();
            rest = next;
        }
    }
}

/// What fits into `width`, broken at a space where there is one, and the rest.
fn cut(text: &str, width: usize) -> (String, String) {
    let Some((hard, _)) = text.char_indices().nth(width) else {
        return (text.to_owned(), String::new());
    };
    // The one character more may be the space that is broken at.
    let spaces = text.char_indices().take(width + 1).filter(|&(at, c)| c == ' ' && at > 0);
    let at = spaces.last().map_or(hard, |(at, _)| at);
    (text[..at].to_owned(), format!(" {}", text[at..].trim_start()))
}

fn list(text: &mut String, schedule: &Schedule, places: &Places) {
    let place = places.width;
    let names = schedule.steps.iter().map(|step| schedule.thread(step.thread).chars().count());
    let name = names.max().unwrap_or(0);
    for step in &schedule.steps {
        let (first, thread) = (places.name(&step.place), schedule.thread(step.thread));
        let _ = writeln!(text, "{first:<place$}  {thread:<name$}  {}", deed(step));
    }
}

/// Which threads wait at the end, where, for what, and which thread has it.
fn endings(text: &mut String, schedule: &Schedule) {
    for waiting in &schedule.waiting {
        let what = match waiting.holder {
            None => format!("sleeps in {}", waiting.text),
            Some(holder) => {
                let whose =
                    if holder == waiting.thread { "it itself" } else { schedule.thread(holder) };
                format!("waits: {}, which {whose} holds", waiting.text)
            }
        };
        let who = schedule.thread(waiting.thread);
        let _ = writeln!(text, "{who} {what} ({})", waiting.place.short());
    }
}
