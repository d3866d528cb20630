//! What is drawn: a line of progress, the exercise or what was asked for, a line of news, the keys.

use ansi_to_tui::IntoText;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;

use crate::commands::watch::content::{Content, title};
use crate::commands::watch::job::Task;
use crate::commands::watch::key::COMMANDS;
use crate::commands::watch::standing::passes;
use crate::commands::watch::state::{State, View};
use crate::report::Look;

/// How many cells the bar of progress has where there is room.
const BAR: usize = 20;

/// Below this height only the text is drawn.
const LOW: u16 = 6;

/// Draws the state. What it is scrolled to is taken back to what there is.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State<'_>, colour: bool) {
    let area = frame.area();
    if area.height < LOW {
        return text(frame, area, state, colour);
    }
    let [head, rule, body, news, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(head_line(state, head.width.into(), colour)), head);
    frame.render_widget(Paragraph::new(rule_line(state, rule.width.into())), rule);
    text(frame, body, state, colour);
    frame.render_widget(Paragraph::new(state.news()), news);
    frame.render_widget(Paragraph::new(keys_line(state, keys.width.into())), keys);
}

fn text(frame: &mut Frame<'_>, area: Rect, state: &mut State<'_>, colour: bool) {
    let look = Look { width: area.width.into(), colour, scrolls: true };
    let content = Content::of(state, look);
    let (height, count) = (usize::from(area.height), content.lines.len());
    state.page_height = height.max(1);
    if let Some(chosen) = content.chosen {
        // What is chosen is seen.
        state.scroll.0 = state.scroll.0.clamp((chosen + 1).saturating_sub(height), chosen);
    }
    state.scroll.0 = state.scroll.0.min(count.saturating_sub(height));
    let widest = content.lines.iter().map(|line| width(line)).max().unwrap_or(0);
    state.scroll.1 = state.scroll.1.min(widest.saturating_sub(area.width.into()));
    let (first, column) = state.scroll;
    let seen: Vec<&str> =
        content.lines.iter().skip(first).take(height).map(String::as_str).collect();
    let seen = seen.join("\n");
    let mut text = seen.into_text().unwrap_or_else(|_| Text::raw(seen));
    if let Some(line) = content.chosen.and_then(|chosen| text.lines.get_mut(chosen - first)) {
        *line = line.clone().style(Modifier::REVERSED);
    }
    let mut paragraph = Paragraph::new(text).scroll((0, column.try_into().unwrap_or(u16::MAX)));
    if state.is_old() && matches!(state.view, View::Page) {
        paragraph = paragraph.style(Modifier::DIM);
    }
    frame.render_widget(paragraph, area);
}

/// How wide a line is that may have escape sequences in it.
fn width(line: &str) -> usize {
    line.into_text().map_or(0, |text| text.width())
}

/// How many pass, and what runs.
fn head_line(state: &State<'_>, width: usize, colour: bool) -> Line<'static> {
    let (passed, all) =
        (state.standing.iter().filter(|it| passes(it)).count(), state.standing.len());
    let filled = (passed * BAR).checked_div(all).unwrap_or(BAR);
    let title = state.workbook.curriculum.title.clone();
    let bar = ("█".repeat(filled), "░".repeat(BAR - filled));
    let counted = format!("  {passed} of {all} pass");
    let doing = activity(state);
    let taken = title.chars().count() + 2 + BAR + counted.chars().count();
    let doing_width = doing.chars().count();
    let green = if colour { Style::new().fg(Color::Green) } else { Style::new() };
    let mut spans = vec![Span::styled(title.clone(), Modifier::BOLD)];
    if taken + 2 + doing_width <= width {
        spans.extend([Span::raw("  "), Span::styled(bar.0, green), Span::raw(bar.1)]);
        spans.push(Span::raw(counted));
        spans.push(Span::raw(" ".repeat(width - taken - doing_width)));
    } else {
        spans.push(Span::raw(format!("{counted}  ")));
    }
    spans.push(Span::styled(doing, Modifier::BOLD));
    Line::from(spans)
}

fn activity(state: &State<'_>) -> String {
    match (&state.running, &state.progress) {
        (None, _) => String::new(),
        (Some(job), _) if job.task == Task::Prepare => {
            format!("preparing {} (in idle time)", job.exercise.name)
        }
        (_, Some(progress)) => progress.in_words(),
        (Some(job), _) => format!("checking {} …", job.exercise.name),
    }
}

/// What is shown, and where in it one is.
fn rule_line(state: &State<'_>, width: usize) -> Line<'static> {
    let title = title(state).map(|title| format!("── {title} ")).unwrap_or_default();
    let rest = width.saturating_sub(title.chars().count());
    Line::from(vec![
        Span::styled(title, Modifier::BOLD),
        Span::styled("─".repeat(rest), Modifier::DIM),
    ])
}

/// The keys: the last two, and of the others as many as fit.
fn keys_line(state: &State<'_>, width: usize) -> Line<'static> {
    let keys: Vec<(String, &str)> = match &state.view {
        View::List(list) if list.is_typing => vec![("Enter".into(), "keep"), ("Esc".into(), "all")],
        View::List(_) => [
            ("↑↓", "choose"),
            ("Enter", "go"),
            ("/", "search"),
            ("f", "filter"),
            ("s", "sort"),
            ("Esc", "back"),
        ]
        .map(|(key, what)| (key.to_owned(), what))
        .into(),
        View::ConfirmReset => vec![("y".into(), "put the stub back"), ("Esc".into(), "leave it")],
        view => {
            let back = !matches!(view, View::Page);
            let back = back.then(|| ("Esc".to_owned(), "back"));
            let named = COMMANDS.iter().map(|(key, name, ..)| (key.to_string(), *name));
            back.into_iter().chain(named).collect()
        }
    };
    let width_of = |(key, what): &(String, &str)| key.chars().count() + what.chars().count() + 3;
    let (others, last) = keys.split_at(keys.len().saturating_sub(2));
    let mut left = width.saturating_sub(last.iter().map(width_of).sum());
    let fitting = others.iter().take_while(|key| {
        let fits = width_of(key) <= left;
        left = left.saturating_sub(width_of(key));
        fits
    });
    let spans = fitting.chain(last).flat_map(|(key, what)| {
        let key = Span::styled(key.clone(), Modifier::BOLD);
        [key, Span::raw(format!(" {what}  "))]
    });
    Line::from_iter(spans)
}
