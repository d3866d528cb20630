//! A timeline for a terminal: a column for each process and thread, a row for each step; or, where
//! there are too many of them, one line for each step.

use tracer::{Descriptor, End, Event, Timeline};

use crate::timeline::{Chart, Lane, Marks, Step, Stretch};

use super::text::{Paint, clean, paint};

/// More columns would be too narrow to read.
const MOST_COLUMNS: usize = 5;
/// More lines of one text would hide the other steps.
const MOST_LINES: usize = 3;

/// How a timeline is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    /// How many characters a line may have.
    pub width: usize,
    /// Whether words are coloured.
    pub colour: bool,
    /// What stands before what the other timeline lacks.
    pub sign: char,
}

/// The lines of a timeline.
pub(super) fn lines(timeline: &Timeline, marks: &Marks, drawn: Drawn) -> Vec<String> {
    let chart = Chart::new(timeline, marks, MOST_COLUMNS);
    let mut lines =
        if chart.columns > MOST_COLUMNS { list(&chart, drawn) } else { lanes(&chart, drawn) };
    lines.extend(legend(&chart));
    lines
}

fn legend(chart: &Chart<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if chart.columns <= MOST_COLUMNS {
        let has_rows = |stretch: &Stretch| !stretch.is_empty();
        if chart.lanes.iter().any(|lane| lane.suspended.iter().any(has_rows)) {
            lines.push("╎ suspended until its vfork child calls execve or ends".to_owned());
        }
        if chart.lanes.iter().any(|lane| lane.zombie.as_ref().is_some_and(has_rows)) {
            lines.push("∙ zombie: it has ended, and nobody has waited for it yet".to_owned());
        }
    }
    lines
}

fn lanes(chart: &Chart<'_>, drawn: Drawn) -> Vec<String> {
    let widths = widths(chart, drawn.width);
    let mut lines = Vec::new();
    for row in 0..chart.rows {
        let cells: Vec<Cell> = (0..chart.columns)
            .map(|column| {
                let mut lanes = chart.lanes.iter().filter(|lane| lane.column == column);
                let there = lanes.find(|lane| is_there(lane, row));
                there.map_or_else(Cell::default, |lane| {
                    Cell::new(lane, row, drawn.sign, widths[column])
                })
            })
            .collect();
        let height = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0).max(1);
        for index in 0..height {
            let parts = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| cell.line(index, *width, drawn.colour));
            lines.push(parts.collect::<String>().trim_end().to_owned());
        }
    }
    lines
}

/// What each column would like to have; the widest give way until all of them fit.
fn widths(chart: &Chart<'_>, width: usize) -> Vec<usize> {
    let mut widths = vec![12; chart.columns];
    for lane in &chart.lanes {
        for text in lane.steps.iter().flat_map(|step| texts(step.event)) {
            widths[lane.column] = widths[lane.column].max(text.chars().count() + 4);
        }
    }
    while widths.iter().sum::<usize>() > width {
        let widest = widths.iter_mut().max().expect("no columns are no problem");
        *widest -= 1;
    }
    widths
}

fn is_there(lane: &Lane<'_>, row: usize) -> bool {
    let is_zombie = lane.zombie.is_some_and(|zombie| zombie.contains(row));
    (lane.first..=lane.last).contains(&row) || is_zombie
}

/// What a lane shows in a row.
#[derive(Default)]
struct Cell {
    lines: Vec<String>,
    paint: Option<Paint>,
    /// The lifeline beside the first line, and beside further ones.
    line: &'static str,
    further: &'static str,
}

impl Cell {
    fn new(lane: &Lane<'_>, row: usize, sign: char, width: usize) -> Self {
        let is_suspended = lane.suspended.iter().any(|stretch| stretch.contains(row));
        let line = match () {
            () if row > lane.last => "∙",
            () if is_suspended => "╎",
            () => "│",
        };
        if row == lane.first {
            let lines = vec![lane.name.to_owned()];
            return Self { lines, paint: Some(Paint::Strong), line: "┌", further: "│" };
        }
        let Some(step) = lane.steps.iter().find(|step| step.row == row) else {
            return Self { lines: Vec::new(), paint: None, line, further: line };
        };
        let is_end = row == lane.last && matches!(step.event, Event::End(_) | Event::ThreadEnd);
        let (line, further) = if is_end { ("└", " ") } else { ("├", line) };
        let mark = if step.only_here { sign } else { ' ' };
        let lines = texts(step.event)
            .into_iter()
            .flat_map(|text| broken(&text, width.saturating_sub(3)))
            .map(|text| format!("{mark}{text}"))
            .collect();
        Self { lines, paint: paint_of(step), line, further }
    }

    fn line(&self, index: usize, width: usize, colour: bool) -> String {
        let lifeline = if index == 0 { self.line } else { self.further };
        let text = self.lines.get(index).map_or("", String::as_str);
        let used = lifeline.chars().count() + text.chars().count();
        let text = self.paint.map_or(text.to_owned(), |chosen| paint(text, chosen, colour));
        format!("{lifeline}{text}{:1$}", "", width.saturating_sub(used))
    }
}

fn paint_of(step: &Step<'_>) -> Option<Paint> {
    match step.event {
        _ if step.only_here => Some(Paint::Open),
        Event::End(End::Signalled(_) | End::Cut) => Some(Paint::Bad),
        _ => None,
    }
}

fn list(chart: &Chart<'_>, drawn: Drawn) -> Vec<String> {
    let width = chart.lanes.iter().map(|lane| lane.name.len()).max().unwrap_or(0);
    let mut steps: Vec<(usize, usize, &Step<'_>)> = chart
        .lanes
        .iter()
        .enumerate()
        .flat_map(|(index, lane)| lane.steps.iter().map(move |step| (step.row, index, step)))
        .collect();
    steps.sort_by_key(|(row, lane, _)| (*row, *lane));
    let mut lines = Vec::new();
    for (_, lane, step) in steps {
        let mark = if step.only_here { drawn.sign } else { ' ' };
        let text = texts(step.event).join(" ");
        for (index, text) in
            broken(&text, drawn.width.saturating_sub(width + 3)).into_iter().enumerate()
        {
            let name = if index == 0 { chart.lanes[lane].name } else { "" };
            let line = format!("{name:<width$} {mark}{text}");
            lines.push(
                paint_of(step)
                    .map_or(line.clone(), |paint_as| paint(&line, paint_as, drawn.colour)),
            );
        }
    }
    lines
}

/// The words for an event; for an exec also the open descriptors, unless only the streams are open.
fn texts(event: &Event) -> Vec<String> {
    let mut texts = vec![clean(&event.to_string())];
    if let Event::Exec { descriptors, .. } = event {
        let is_told = |descriptor: &&Descriptor| {
            descriptor.number > 2
                || descriptor.what.starts_with("pipe")
                || descriptor.what.starts_with("socket")
                || descriptor.what.starts_with("file")
        };
        let told: Vec<String> =
            descriptors.iter().filter(is_told).map(|open| clean(&open.to_string())).collect();
        if !told.is_empty() {
            texts.push(format!("({})", told.join(" ")));
        }
    }
    texts
}

/// Lines of at most `width` characters; a word that fits nowhere is cut.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word: String = word.chars().take(width).collect();
        let line = lines.last_mut().expect("there is always a line");
        let length = line.chars().count() + word.chars().count();
        if line.is_empty() {
            line.push_str(&word);
        } else if length < width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        let last = lines.last_mut().expect("there are some");
        *last = last.chars().take(width.saturating_sub(1)).chain(['…']).collect();
    }
    lines
}

#[cfg(test)]
mod tests {
    use tracer::{Answer, Asked, Birth, Process, Reaped};

    use super::*;

    fn process(name: &str, parent: Option<&str>, events: Vec<Event>) -> Process {
        Process {
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            birth: if parent.is_some() { Birth::Fork } else { Birth::Start },
            events,
            threads: Vec::new(),
            end: End::Exited(0),
            reaped: parent.map_or(Reaped::ByTracer, |by| Reaped::By(by.to_owned())),
        }
    }

    /// A parent that makes children and waits for them in this order; they do nothing but end.
    fn family(children: &[&str], waits: &[&str]) -> Timeline {
        let birth = |child: &&str| Event::Birth { by: Birth::Fork, child: (*child).to_owned() };
        let wait = |child: &&str| {
            let answer = Answer::Reaped { child: (*child).to_owned(), end: End::Exited(0) };
            Event::Wait { asked: Asked::Child((*child).to_owned()), answer }
        };
        let end = || Event::End(End::Exited(0));
        let parent = children.iter().map(birth).chain(waits.iter().map(wait)).chain([end()]);
        let mut processes = vec![process("P1", None, parent.collect())];
        processes.extend(children.iter().map(|child| process(child, Some("P1"), vec![end()])));
        let (stdout, stderr) = (String::new(), String::new());
        Timeline { processes, stuck: None, too_much: None, stdout, stderr }
    }

    #[test]
    fn the_legend_explains_zombies_where_one_is_drawn() {
        let drawn = |children: &[&str], waits: &[&str]| {
            let drawn = Drawn { width: 80, colour: false, sign: '+' };
            lines(&family(children, waits), &Marks::new(), drawn).join("\n")
        };
        let at_once = drawn(&["P1.1"], &["P1.1"]);
        assert!(!at_once.contains('∙'), "{at_once}");
        let late = drawn(&["P1.1", "P1.2"], &["P1.2", "P1.1"]);
        let (lanes, legend) = late.rsplit_once('\n').expect("there are lines");
        assert!(lanes.contains('∙') && legend.starts_with("∙ zombie"), "{late}");
    }

    #[test]
    fn long_texts_are_broken_and_in_the_end_cut() {
        assert_eq!(broken("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(broken("abcdefgh", 5), ["abcde"]);
        assert_eq!(broken("a a a a a a", 1), ["a", "a", "…"]);
    }
}
