//! What is shown of a state, as lines.

use crate::report::{Look, NAME_WIDTH, lines};

use super::key::COMMANDS;
use super::list::List;
use super::state::{State, View};

/// The lines of what is shown, and which of them is chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub lines: Vec<String>,
    pub chosen: Option<usize>,
}

impl Content {
    pub(super) fn of(state: &State<'_>, look: Look) -> Self {
        let unchosen = |lines| Self { lines, chosen: None };
        match &state.view {
            View::Page => unchosen(page(state, look)),
            View::Said { said, .. } => unchosen(lines(said, look)),
            View::List(list) => of_list(state, list),
            View::ConfirmReset => unchosen(vec![
                format!("Put the stub of {} back?", state.exercise.name),
                String::new(),
                "Your file is kept in .shopfloor/backups.".to_owned(),
                String::new(),
                "y: put it back   any other key: leave it".to_owned(),
            ]),
            View::Help => unchosen(help()),
        }
    }
}

/// What the view is called; the page names itself.
pub(super) fn title(state: &State<'_>) -> Option<String> {
    match &state.view {
        View::Page => None,
        View::Said { title, .. } => Some(title.clone()),
        View::List(list) => {
            let words = match (list.is_typing, list.words.as_str()) {
                (true, words) => format!("   containing: {words}_"),
                (false, "") => String::new(),
                (false, words) => format!("   containing: {words}"),
            };
            let (only, order) = (list.only.in_words(), list.order.in_words());
            Some(format!("list   shown: {only}   by: {order}{words}"))
        }
        View::ConfirmReset => Some(format!("reset: {}", state.exercise.name)),
        View::Help => Some("help".to_owned()),
    }
}

fn page(state: &State<'_>, look: Look) -> Vec<String> {
    match state.failing.as_ref().or(state.page.as_ref()) {
        Some(page) => {
            // Where it is printed, it keeps its distance from what was printed before.
            let lines = lines(std::slice::from_ref(page), look);
            lines.into_iter().skip_while(|line| line.is_empty()).collect()
        }
        None => {
            let exercise = state.exercise;
            vec![
                format!("{} {}: {}", exercise.number, exercise.name, exercise.title),
                String::new(),
                format!("  read  exercises/{}/README.md", exercise.directory),
                format!("  edit  {}", exercise.main_file().display()),
            ]
        }
    }
}

fn of_list(state: &State<'_>, list: &List) -> Content {
    let shown = list.shown(&state.standing);
    let line = |index: &usize| {
        let it = &state.standing[*index];
        let here = if it.exercise.number == state.exercise.number { "▸" } else { " " };
        let tests = it.state.tests().map(|(passed, of)| format!("{passed}/{of}"));
        format!(
            "{here} {:<5}{:<NAME_WIDTH$} {:<21}{:<7}{}",
            it.exercise.number.to_string(),
            it.exercise.name,
            it.state.in_words(),
            tests.unwrap_or_default(),
            it.exercise.title
        )
    };
    let chosen = shown.iter().position(|index| *index == list.chosen);
    let mut lines: Vec<String> = shown.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("No exercise is like that.".to_owned());
    }
    Content { lines, chosen }
}

fn help() -> Vec<String> {
    let command =
        |(key, name, _, what): &(char, &str, _, &str)| format!("  {key}  {name:<9} {what}");
    let mut lines: Vec<String> = COMMANDS.iter().map(command).collect();
    lines.extend(
        [
            "",
            "  ↑ ↓ j k    a line up or down",
            "  Space b    a page down or up",
            "  g G        to the beginning, to the end",
            "  ← →        to the left and right",
            "  Esc        back to the exercise",
            "  Ctrl-Z     stop; fg goes on",
            "",
            "A file that is saved is judged, and its exercise shown.",
        ]
        .map(str::to_owned),
    );
    lines
}
