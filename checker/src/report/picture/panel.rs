//! One timeline in a picture.

use std::fmt::Write;

use tracer::{Descriptor, End, Event, Stuck, Timeline};

use crate::timeline::{Arrow, ArrowKind, Chart, Lane, Marks, Step};

use super::escape;

/// With more processes than this, those that do not overlap share a column.
const MOST_COLUMNS: usize = 4;
/// The longest text beside a step, in characters.
const LONGEST: usize = 46;
/// About the width of a character.
const CHARACTER: f64 = 7.6;
/// The height of a line of text, and the space between two rows, which is where arrows run.
const LINE: f64 = 16.0;
const GAP: f64 = 12.0;
/// From a lifeline to its text.
const INDENT: f64 = 12.0;

/// One timeline, laid out.
pub(super) struct Panel<'a> {
    chart: Chart<'a>,
    stuck: Option<&'a Stuck>,
    too_much: Option<&'a str>,
    /// The x of each column's lifeline.
    columns: Vec<f64>,
    /// The y of each row's first line, and of the middle of the gap behind it.
    rows: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A line of text beside a step.
struct Text {
    text: String,
    class: &'static str,
}

impl<'a> Panel<'a> {
    pub(super) fn new(timeline: &'a Timeline, marks: &Marks) -> Self {
        let chart = Chart::new(timeline, marks, MOST_COLUMNS);
        let mut panel = Self {
            chart,
            stuck: timeline.stuck.as_ref(),
            too_much: timeline.too_much.as_deref(),
            columns: Vec::new(),
            rows: Vec::new(),
            width: 0.0,
            height: 0.0,
        };
        panel.measure();
        panel
    }

    pub(super) fn has_suspended(&self) -> bool {
        self.chart.lanes.iter().any(|lane| !lane.suspended.is_empty())
    }

    pub(super) fn has_zombie(&self) -> bool {
        self.chart.lanes.iter().any(|lane| lane.zombie.is_some())
    }

    pub(super) fn has_mark(&self) -> bool {
        self.chart.lanes.iter().flat_map(|lane| &lane.steps).any(|step| step.only_here)
    }

    fn measure(&mut self) {
        let mut widths = vec![110.0_f64; self.chart.columns];
        let mut lines = vec![1_usize; self.chart.rows];
        for lane in &self.chart.lanes {
            for step in &lane.steps {
                let texts = self.texts(lane, step);
                lines[step.row] = lines[step.row].max(texts.len());
                for text in texts {
                    let width = text.text.chars().count() as f64 * CHARACTER + INDENT + 22.0;
                    widths[lane.column] = widths[lane.column].max(width);
                }
            }
        }
        let mut x = 14.0;
        for width in widths {
            self.columns.push(x);
            x += width;
        }
        let mut y = 0.0;
        for count in lines {
            let bottom = y + count as f64 * LINE;
            self.rows.push((y + LINE / 2.0, bottom + GAP / 2.0));
            y = bottom + GAP;
        }
        let notes = self.notes();
        let longest = notes.iter().map(|note| note.chars().count()).max().unwrap_or(0);
        self.width = x.max(longest as f64 * CHARACTER + 24.0);
        self.height = y + if notes.is_empty() { 0.0 } else { notes.len() as f64 * 18.0 + 22.0 };
    }

    /// Why it has no end, a sentence for each process and thread.
    fn notes(&self) -> Vec<String> {
        let stuck = self.stuck.map(ToString::to_string).unwrap_or_default();
        let too_much = self.too_much.map(|what| format!("cut off: {what}"));
        stuck.lines().map(str::to_owned).chain(too_much).collect()
    }

    fn texts(&self, lane: &Lane<'_>, step: &Step<'_>) -> Vec<Text> {
        let class = match step.event {
            Event::End(End::Signalled(_) | End::Cut) => "ended bad",
            Event::End(_) | Event::ThreadEnd => "ended",
            _ => "",
        };
        let text = match step.event {
            Event::End(End::Cut) => self.last_words(lane.name),
            event => event.to_string(),
        };
        let mut texts = vec![Text { text: shorten(&text), class }];
        if let Event::Exec { descriptors, .. } = step.event {
            let open: Vec<String> = descriptors.iter().map(Descriptor::to_string).collect();
            let mut line = String::new();
            for word in open {
                if !line.is_empty() && line.len() + word.len() >= LONGEST {
                    texts.push(Text { text: std::mem::take(&mut line), class: "detail" });
                }
                if !line.is_empty() {
                    line.push_str("  ");
                }
                line.push_str(&word);
            }
            texts.push(Text { text: shorten(&line), class: "detail" });
        }
        texts
    }

    /// What a task was doing when it was cut: the sentence about it without its name and reason.
    fn last_words(&self, name: &str) -> String {
        let waiting = self.stuck.into_iter().flat_map(|stuck| &stuck.waiting);
        let sentence =
            waiting.filter(|waiting| waiting.task == name).map(ToString::to_string).next();
        let sentence = sentence.unwrap_or_else(|| End::Cut.to_string());
        let words = sentence.trim_start_matches(name).trim_start();
        words.split(": ").next().unwrap_or(words).to_owned()
    }

    pub(super) fn draw(&self, svg: &mut String) {
        for lane in &self.chart.lanes {
            self.lifeline(svg, lane);
        }
        for arrow in &self.chart.arrows {
            self.arrow(svg, arrow);
        }
        for lane in &self.chart.lanes {
            self.head(svg, lane);
            for step in &lane.steps {
                self.step(svg, lane, step);
            }
        }
        self.draw_notes(svg);
    }

    fn y(&self, row: usize) -> f64 {
        self.rows.get(row).map_or_else(|| self.rows.last().map_or(0.0, |row| row.1), |row| row.0)
    }

    /// The middle of the gap before a row.
    fn before(&self, row: usize) -> f64 {
        match row.checked_sub(1) {
            Some(row) => self.rows.get(row).or(self.rows.last()).map_or(0.0, |row| row.1),
            None => 0.0,
        }
    }

    fn lifeline(&self, svg: &mut String, lane: &Lane<'_>) {
        let x = self.columns[lane.column];
        let class = class_of(lane);
        let (top, bottom) = (self.y(lane.first), self.y(lane.last));
        let _ = write!(svg, r#"<path class="life{class}" d="M{x} {top}V{bottom}"/>"#);
        for stretch in &lane.suspended {
            let top = self.y(stretch.after) + 7.0;
            let height = self.before(stretch.before) - 3.0 - top;
            let x = x - 4.0;
            let _ = write!(
                svg,
                r#"<rect class="page" x="{x}" y="{top}" width="8" height="{height}"/><rect class="suspended" x="{x}" y="{top}" width="8" height="{height}"/>"#
            );
        }
        if let Some(zombie) = lane.zombie {
            let bottom = self.before(zombie.before) + 3.0;
            let _ = write!(
                svg,
                r#"<path class="zombie" d="M{x} {}V{bottom}"/>"#,
                self.y(zombie.after) + 9.0
            );
        }
    }

    /// Arrows run down in the columns and across in the gaps between the rows, where no text is.
    fn arrow(&self, svg: &mut String, arrow: &Arrow) {
        let (from, to) = (&self.chart.lanes[arrow.from.0], &self.chart.lanes[arrow.to.0]);
        let (x1, x2) = (self.columns[from.column], self.columns[to.column]);
        let (y1, y2) = (self.y(arrow.from.1), self.y(arrow.to.1));
        let behind = self.rows[arrow.from.1].1;
        match arrow.kind {
            ArrowKind::Birth => down(svg, "", (x1, y1), (x2, y2 - 10.0), behind),
            ArrowKind::Signal => down(svg, " signal", (x1, y1), (x2, y2 - 7.0), behind + 2.0),
            ArrowKind::Release => across(svg, " release", (x1, y1), x2, behind - 3.0),
            ArrowKind::Reap => {
                let y = self.before(arrow.to.1) + 3.0;
                across(svg, " reap", (x1, y), x2, y);
            }
        }
    }

    fn head(&self, svg: &mut String, lane: &Lane<'_>) {
        let (x, y) = (self.columns[lane.column], self.y(lane.first));
        let class = class_of(lane);
        let width = lane.name.len() as f64 * CHARACTER + 14.0;
        let _ = write!(
            svg,
            r#"<rect class="head{class}" x="{}" y="{}" width="{width}" height="19" rx="5"/><text class="name" x="{}" y="{}">{}</text>"#,
            x - 8.0,
            y - 9.5,
            x - 1.0,
            y + 4.5,
            escape(lane.name)
        );
    }

    fn step(&self, svg: &mut String, lane: &Lane<'_>, step: &Step<'_>) {
        let (x, y) = (self.columns[lane.column], self.y(step.row));
        let texts = self.texts(lane, step);
        if step.only_here {
            let longest = texts.iter().map(|text| text.text.chars().count()).max().unwrap_or(0);
            let (width, height) =
                (longest as f64 * CHARACTER + 8.0, texts.len() as f64 * LINE + 2.0);
            let _ = write!(
                svg,
                r#"<rect class="mark" x="{}" y="{}" width="{width}" height="{height}" rx="3"/>"#,
                x + INDENT - 4.0,
                y - 9.0
            );
        }
        let class = class_of(lane);
        let end = match step.event {
            Event::End(End::Exited(_)) | Event::ThreadEnd => " end",
            Event::End(_) => " fatal",
            _ => "",
        };
        let _ = write!(svg, r#"<circle class="dot{end}{class}" cx="{x}" cy="{y}" r="4.5"/>"#);
        for (index, text) in texts.iter().enumerate() {
            let y = y + 4.5 + index as f64 * LINE;
            let (class, text) = (text.class, escape(&text.text));
            let _ =
                write!(svg, r#"<text class="{class}" x="{}" y="{y}">{text}</text>"#, x + INDENT);
        }
    }

    fn draw_notes(&self, svg: &mut String) {
        let notes = self.notes();
        if notes.is_empty() {
            return;
        }
        let height = notes.len() as f64 * 18.0 + 10.0;
        let top = self.height - height - 4.0;
        let _ = write!(
            svg,
            r#"<rect class="stuck" x="0" y="{top}" width="{}" height="{height}" rx="5"/>"#,
            self.width
        );
        for (index, note) in notes.iter().enumerate() {
            let y = top + 18.0 + index as f64 * 18.0;
            let _ = write!(svg, r#"<text class="bad" x="10" y="{y}">{}</text>"#, escape(note));
        }
    }
}

fn class_of(lane: &Lane<'_>) -> &'static str {
    if lane.name.contains('/') { " thread" } else { "" }
}

/// An arrow that goes across in a gap and then down to what it leads to.
fn down(svg: &mut String, class: &str, from: (f64, f64), to: (f64, f64), gap: f64) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let way = if (x1 - x2).abs() < 0.5 {
        format!("M{x1} {y1}V{y2}")
    } else {
        // A rounded corner where it turns.
        let corner = if x2 > x1 { -5.0 } else { 5.0 };
        format!("M{x1} {y1}V{gap}H{}Q{x2} {gap} {x2} {}V{y2}", x2 + corner, gap + 5.0)
    };
    let _ = write!(svg, r#"<path class="arrow{class}" d="{way}"/>"#);
    tip(svg, class, (x2, y2 + 1.0), (x2, y2 - 6.0));
}

/// An arrow that goes down to a gap and then across to the lifeline that it leads to.
fn across(svg: &mut String, class: &str, from: (f64, f64), x2: f64, gap: f64) {
    let (x1, y1) = from;
    let side = if x1 > x2 { 1.0 } else { -1.0 };
    let end = x2 + side * 4.5;
    let _ =
        write!(svg, r#"<path class="arrow{class}" d="M{x1} {y1}V{gap}H{}"/>"#, end + side * 5.0);
    tip(svg, class, (end, gap), (end + side * 7.0, gap));
}

/// An arrow's tip at `at`, coming from `from`.
fn tip(svg: &mut String, class: &str, at: (f64, f64), from: (f64, f64)) {
    let (dx, dy) = (at.0 - from.0, at.1 - from.1);
    // Half as wide as it is long.
    let (wx, wy) = (-dy / 2.0, dx / 2.0);
    let _ = write!(
        svg,
        r#"<path class="tip{class}" d="M{} {}L{} {}L{} {}Z"/>"#,
        at.0,
        at.1,
        from.0 + wx,
        from.1 + wy,
        from.0 - wx,
        from.1 - wy
    );
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
