//! All exercises, a row for each, in columns.

use crate::findings::{Listed, State};
use crate::report::text::{Paint, wrap};
use crate::verdict::Verdict;
use crate::workbook::Workbook;

use super::Screen;
use super::words::mark;

/// A title with less room than this stands in a line of its own.
const LEAST_ROOM: usize = 16;
const HEADINGS: [&str; 7] = ["", "exercise", "claim", "state", "tests", "hints", "points"];
/// Below a row.
const INDENT: usize = 9;

impl Screen<'_> {
    pub(in crate::report) fn list(&mut self, workbook: &Workbook, listed: &[Listed<'_>]) {
        let rows: Vec<[String; 7]> = listed.iter().map(cells).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|cells| cells[column].chars().count());
            cells.chain([HEADINGS[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        let heading = row(&HEADINGS.map(str::to_owned), &widths);
        self.line(&self.paint(&format!("   {heading}  title"), Paint::Faint));
        let room = self.style.width.saturating_sub(heading.chars().count() + 5);
        for part in &workbook.curriculum.parts {
            let of_part = |(it, _): &(&Listed<'_>, _)| it.exercise.number.part == part.number;
            let title = format!("{} {}", part.number, part.title);
            self.line(&self.paint(&title, Paint::Strong));
            for (it, cells) in listed.iter().zip(&rows).filter(of_part) {
                let (mark, colour) = mark_of(it.state);
                let beginning = format!(" {} {}", self.paint(mark, colour), row(cells, &widths));
                let hanging = heading.chars().count() + 5;
                self.titled(&beginning, &it.exercise.title, room, hanging);
            }
        }
        if workbook.curriculum.has_holes() {
            self.line("Numbers have holes where exercises are still to come.");
        }
    }

    /// A row and the title behind it, or below it where there is no room.
    fn titled(&mut self, beginning: &str, title: &str, room: usize, hanging: usize) {
        if room < LEAST_ROOM {
            self.line(beginning.trim_end());
            self.lines(&wrap(title, self.style.width - INDENT), INDENT);
            return;
        }
        let lines = wrap(title, room);
        for (nth, line) in lines.iter().enumerate() {
            match nth {
                0 => self.line(&format!("{beginning}  {line}")),
                _ => self.line(&format!("{:hanging$}{line}", "")),
            }
        }
    }
}

fn row(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let padded: Vec<String> =
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join(" ")
}

fn cells(listed: &Listed<'_>) -> [String; 7] {
    let exercise = listed.exercise;
    let tests = listed.state.tests().map(|(passed, of)| format!("{passed}/{of}"));
    [
        exercise.number.to_string(),
        exercise.name.clone(),
        exercise.claims.join(" "),
        listed.state.in_words().to_owned(),
        tests.unwrap_or_default(),
        format!("{}/{}", listed.hints_given, listed.hints),
        exercise.points.to_string(),
    ]
}

fn mark_of(state: State) -> (&'static str, Paint) {
    match state {
        State::NotStarted => mark(Verdict::NotStarted),
        State::Changed => ("?", Paint::Open),
        State::Judged { verdict, .. } => mark(verdict),
    }
}
