//! A position on a screen: a column for each thread.

use std::rc::Rc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use crate::play::{Column, Game, KEYS, Outcome, Row, columns};
use crate::report::text::clean;

/// A narrower column cannot be read: then there is another row of them.
const NARROWEST: u16 = 26;
/// How many of the last steps are told below the columns.
const HISTORY: usize = 3;

/// What is on the screen beside the position.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The answer to the last key.
    pub remark: Option<String>,
    /// Whether the keys are listed.
    pub help: bool,
    /// Whether there are colours.
    pub colour: bool,
}

/// Draws the game.
pub fn draw(frame: &mut Frame<'_>, game: &Game<'_>, beside: &Beside) {
    let foot = foot(game, beside);
    let task = heading(game);
    let height = |lines: &[Line<'_>]| {
        let width = usize::from(frame.area().width.max(1));
        let rows = lines.iter().map(|line| line.width().div_ceil(width).max(1));
        u16::try_from(rows.sum::<usize>()).unwrap_or(u16::MAX)
    };
    let [head, threads, below] = Layout::vertical([
        Constraint::Length(height(&task)),
        Constraint::Min(4),
        Constraint::Length(height(&foot)),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(task).wrap(Wrap { trim: false }), head);
    let columns = columns(game.played(), game.position());
    for (column, area) in columns.iter().zip(cells(threads, columns.len()).iter()) {
        draw_thread(frame, game, column, *area, beside.colour);
    }
    frame.render_widget(Paragraph::new(foot).wrap(Wrap { trim: false }), below);
    if beside.help {
        draw_help(frame, threads);
    }
}

/// A cell for each thread: beside each other as long as they can be read, then in another row.
fn cells(area: Rect, count: usize) -> Vec<Rect> {
    let in_a_row = usize::from(area.width / NARROWEST).clamp(1, count.max(1));
    let rows = Layout::vertical(vec![Constraint::Fill(1); count.div_ceil(in_a_row)]).split(area);
    let cells = |row: &Rect| -> Rc<[Rect]> {
        Layout::horizontal(vec![Constraint::Fill(1); in_a_row]).split(*row)
    };
    rows.iter().flat_map(|row| cells(row).to_vec()).collect()
}

fn heading<'a>(game: &'a Game<'_>) -> Vec<Line<'a>> {
    let subject = &game.subject;
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines = vec![Line::from(vec![
        Span::styled(subject.exercise.as_str(), bold),
        Span::raw(format!("  {}", clean(&subject.test))),
    ])];
    if let Some(program) = &game.played().program {
        let (number, count, calls) = (program.number, program.count, clean(&program.calls));
        lines.push(Line::from(format!("program {number} of {count}: {calls}")));
    }
    if let Some(task) = &subject.task {
        lines.push(Line::from(format!("This code is wrong. Your task: {}.", clean(task))));
    }
    let expected = clean(game.played().expected.trim_end_matches('.'));
    lines.push(Line::from(format!("It must hold: {expected}.")));
    lines
}

fn draw_thread(
    frame: &mut Frame<'_>,
    game: &Game<'_>,
    column: &Column<'_>,
    area: Rect,
    colour: bool,
) {
    let is_next = game.next_choice().is_some_and(|choice| choice.thread == column.thread);
    let mark = if is_next { "▸" } else { " " };
    let title = format!("{mark}{} {} ", column.thread, clean(column.name));
    let mut style = Style::new();
    if !column.can_go_on {
        style = style.add_modifier(Modifier::DIM);
    } else if colour {
        style = style.fg(Color::Green);
    }
    let block = Block::bordered().title(title).border_style(style);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = vec![status(column, colour)];
    if !column.holds.is_empty() {
        let holds = Line::from(format!("holds {}", clean(&column.holds.join(", "))));
        lines.push(if colour { holds.style(Style::new().fg(Color::Yellow)) } else { holds });
    }
    let [above, below] =
        Layout::vertical([Constraint::Length(rows(&lines, inside.width)), Constraint::Fill(1)])
            .areas(inside);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), above);
    if column.row != Row::Ended {
        frame.render_widget(Paragraph::new(source(game, column, below.width, below.height)), below);
    }
}

/// How many rows these lines take where they are broken at spaces: at most.
fn rows(lines: &[Line<'_>], width: u16) -> u16 {
    let width = usize::from(width.max(1));
    let rows = lines.iter().map(|line| {
        let whole = line.width().div_ceil(width).max(1);
        // Breaking at spaces may take one row more.
        if whole > 1 { whole + 1 } else { 1 }
    });
    u16::try_from(rows.sum::<usize>()).unwrap_or(u16::MAX)
}

fn status(column: &Column<'_>, colour: bool) -> Line<'static> {
    let line = Line::from(clean(&column.row.text()));
    match column.row {
        Row::Waits(_) if colour => line.style(Style::new().fg(Color::Red)),
        Row::Next(_) => line.style(Style::new().add_modifier(Modifier::BOLD)),
        _ => line,
    }
}

/// What stands before the text of a line: `→ 35 `.
const NUMBER: usize = 5;

/// The lines around a thread's, without the indentation that all of them have. Its own is shown whole.
fn source<'a>(game: &'a Game<'_>, column: &Column<'_>, width: u16, height: u16) -> Vec<Line<'a>> {
    let Some(place) = column.place else { return Vec::new() };
    let (width, height) = (usize::from(width), usize::from(height));
    let before = height.saturating_sub(1) / 2;
    let window = game.sources.around(place, before, height.saturating_sub(before + 1));
    let is_text = |text: &&str| !text.trim().is_empty();
    let indentation = |text: &str| text.len() - text.trim_start().len();
    let texts = window.iter().map(|(_, text)| *text).filter(is_text);
    let common = texts.map(indentation).min().unwrap_or(0);
    let mut lines = Vec::new();
    for (number, text) in window {
        let text = clean(text.get(common..).unwrap_or_default());
        if number != place.line as usize {
            lines.push(Line::from(format!(" {number:>3} {text}")));
            continue;
        }
        let emphasis = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let characters: Vec<char> = text.chars().collect();
        for (i, part) in characters.chunks(width.saturating_sub(NUMBER).max(1)).enumerate() {
            let part: String = part.iter().collect();
            let begin = if i == 0 { format!("→{number:>3} ") } else { " ".repeat(NUMBER) };
            lines.push(Line::styled(format!("{begin}{part}"), emphasis));
        }
    }
    // What its own line takes more is taken from above, so that it stays in the middle.
    let more = lines.len().saturating_sub(height);
    lines.drain(..more / 2);
    lines
}

/// What has happened, how it ended, the answer to the last key, and the keys.
fn foot<'a>(game: &Game<'_>, beside: &Beside) -> Vec<Line<'a>> {
    let (played, position) = (game.played(), game.position());
    let steps = position.steps.min(played.steps.len());
    let last = &played.steps[steps.saturating_sub(HISTORY)..steps];
    let told = last.iter().map(|step| format!("{}: {}", played.threads[step.thread], step.text));
    let told: Vec<String> = told.collect();
    let film = if game.is_found() { "the search's schedule, " } else { "" };
    let dots = if steps > last.len() { "… " } else { "" };
    let told = clean(&told.join(" · "));
    let unit = if steps == 1 { "step" } else { "steps" };
    let mut lines = vec![Line::from(format!("{film}{steps} {unit}  {dots}{told}"))];
    if let Some(outcome) = game.outcome() {
        let is_broken = matches!(outcome, Outcome::Broken { .. });
        let mut style = Style::new().add_modifier(Modifier::BOLD);
        if beside.colour {
            style = style.fg(if is_broken { Color::Red } else { Color::Green });
        }
        let words = clean(&outcome.words(game.is_found()));
        lines.extend(words.lines().map(|line| Line::styled(line.to_owned(), style)));
    }
    if let Some(remark) = &beside.remark {
        let style = Style::new().add_modifier(Modifier::ITALIC);
        lines.extend(clean(remark).lines().map(|line| Line::styled(line.to_owned(), style)));
    }
    lines.push(Line::styled(keys(game), Style::new().add_modifier(Modifier::DIM)));
    lines
}

fn keys(game: &Game<'_>) -> String {
    let position = game.position();
    let mut keys: Vec<String> = Vec::new();
    let threads = position.choices.iter().filter(|choice| !choice.without_reason);
    let threads: Vec<String> = threads.map(|choice| choice.thread.to_string()).collect();
    if !threads.is_empty() {
        keys.push(format!("{} go on", threads.join("/")));
    }
    if position.choices.iter().any(|choice| choice.without_reason) {
        keys.push("w for no reason".to_owned());
    }
    let is_the_end = position.choices.is_empty();
    let others = ["←b →n", "r start", "e the rest", "f find", "c command", "? help", "q quit"];
    let others = others.into_iter().filter(|key| !(is_the_end && key.starts_with('e')));
    keys.extend(others.map(str::to_owned));
    keys.join(" · ")
}

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let line = |(key, what): &(&str, &str)| Line::from(format!("{key:<8}{what}"));
    let mut lines: Vec<Line<'_>> = KEYS.iter().map(line).collect();
    lines
        .push(Line::from("← → Home are b, n and r; w and then a number is 1w. Any key goes back."));
    frame.render_widget(Clear, area);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(text.block(Block::bordered().title(" keys ")), area);
}
