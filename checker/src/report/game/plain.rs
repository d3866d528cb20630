//! A position as plain text, thread below thread.

use crate::play::{Column, Game, KEYS, Row};
use crate::report::text::{WIDTH, clean, wrap};

/// How many lines of source stand before and behind a thread's line.
const AROUND: usize = 2;

/// What is shown before the first position.
pub fn beginning(game: &Game<'_>) -> String {
    let subject = &game.subject;
    let mut lines = vec![format!("{}: {}", subject.exercise, subject.test)];
    if let Some(task) = &subject.task {
        lines.push(format!("This code is given, and it is wrong. Your task: {task}."));
    }
    if let Some(program) = &game.played().program {
        let (number, count) = (program.number, program.count);
        lines.push(format!("Program {number} of {count}: {}", program.calls));
    }
    lines.push(format!("It must hold: {}.", game.played().expected.trim_end_matches('.')));
    lines.push("You say which thread goes on. ? lists what you can type.".to_owned());
    wrapped(&lines.join("\n"))
}

/// A position, and how it ended if it is the last one.
pub fn position(game: &Game<'_>) -> String {
    let (played, position) = (game.played(), game.position());
    let mut lines = vec![String::new(), heading(game)];
    let before = game.at().checked_sub(1).map_or(0, |at| played.positions[at].steps);
    for step in &played.steps[before..position.steps] {
        lines.push(format!("      {} did: {}", played.threads[step.thread], step.text));
    }
    for column in crate::play::columns(played, position) {
        lines.extend(thread(game, &column));
    }
    if let Some(outcome) = game.outcome() {
        lines.push(String::new());
        lines.push(wrapped(&outcome.words(game.is_found())));
    }
    lines.push(choices(game));
    clean(&lines.join("\n"))
}

/// What can be typed.
pub fn help() -> String {
    let line = |(key, what): &(&str, &str)| format!("  {key:<8}{what}");
    KEYS.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn heading(game: &Game<'_>) -> String {
    let steps = game.position().steps;
    let film = if game.is_found() { "the schedule that the search found, " } else { "" };
    format!("── {film}after {steps} {} ──", if steps == 1 { "step" } else { "steps" })
}

fn thread(game: &Game<'_>, column: &Column<'_>) -> Vec<String> {
    let mark = if column.can_go_on { '▸' } else { ' ' };
    let mut heading = format!("{mark} {}  {}: {}", column.thread, column.name, column.row.text());
    if !column.holds.is_empty() {
        heading.push_str(&format!("   (holds {})", column.holds.join(", ")));
    }
    let mut lines = vec![cut(&heading)];
    let Some(place) = column.place.filter(|_| column.row != Row::Ended) else { return lines };
    for (number, text) in game.sources.around(place, AROUND, AROUND) {
        let arrow = if number == place.line as usize { '→' } else { ' ' };
        lines.push(cut(&format!("      {arrow} {number:>3} {text}")));
    }
    lines
}

/// The keys that do something here.
fn choices(game: &Game<'_>) -> String {
    let played = game.played();
    let mut keys: Vec<String> = Vec::new();
    for choice in &game.position().choices {
        let (key, name) = (choice.thread, &played.threads[choice.thread]);
        match choice.without_reason {
            false => keys.push(format!("{key} {name}")),
            true => keys.push(format!("{key}w {name} for no reason")),
        }
    }
    if let Some(next) = game.next_choice() {
        keys.push(format!("n on ({})", played.threads[next.thread]));
    }
    let is_the_end = game.position().choices.is_empty();
    let others = ["b back", "e the rest", "f find", "c command", "? help", "q quit"];
    let others = others.into_iter().filter(|key| !(is_the_end && key.starts_with('e')));
    keys.extend(others.map(str::to_owned));
    wrapped(&format!("\n{}", keys.join(" · ")))
}

fn wrapped(text: &str) -> String {
    wrap(text, WIDTH).join("\n")
}

fn cut(line: &str) -> String {
    line.chars().take(WIDTH).collect()
}
