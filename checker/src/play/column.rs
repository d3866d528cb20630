//! A thread at a position, for whoever shows it.

use evidence::{Place, Played, Position, Step, ThreadNow, ThreadState};

/// A thread at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its index, which is the key that chooses it.
    pub thread: usize,
    /// Its name.
    pub name: &'a str,
    /// Whether it can be chosen.
    pub can_go_on: bool,
    /// Whether it can be chosen to wake, or to fail, for no reason.
    pub can_go_on_without_reason: bool,
    /// What comes next, or what it waits for.
    pub row: Row,
    /// The line of that.
    pub place: Option<&'a Place>,
    /// The locks that it holds.
    pub holds: &'a [String],
    /// The last thing that it did.
    pub last: Option<&'a Step>,
}

/// What a thread is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// It is about to do this.
    Next(String),
    /// It cannot go on: `waits for count, which T2 holds`.
    Waits(String),
    /// It has returned.
    Ended,
}

impl Row {
    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Next(text) => format!("next: {text}"),
            Self::Waits(text) => text.clone(),
            Self::Ended => "has ended".to_owned(),
        }
    }
}

/// The threads at a position, but for a scenario's own that only waits for the others or has ended.
pub fn columns<'a>(played: &'a Played, position: &'a Position) -> Vec<Column<'a>> {
    let steps = &played.steps[..position.steps.min(played.steps.len())];
    let column = |(thread, now): (usize, &'a ThreadNow)| {
        let can = |without_reason| {
            let is_it =
                |it: &&evidence::Choice| it.thread == thread && it.without_reason == without_reason;
            position.choices.iter().find(is_it).is_some()
        };
        Column {
            thread,
            name: played.threads.get(thread).map_or("?", String::as_str),
            can_go_on: can(false),
            can_go_on_without_reason: can(true),
            row: row(played, now),
            place: now.place.as_ref().filter(|_| now.state != ThreadState::Ended),
            holds: &now.holds,
            last: steps.iter().rev().find(|step| step.thread == thread),
        }
    };
    let is_shown = |(thread, now): &(usize, &ThreadNow)| {
        let only_waits = now.state == ThreadState::Waits && now.text == "join";
        *thread != 0 || !(only_waits || now.state == ThreadState::Ended)
    };
    position.threads.iter().enumerate().filter(is_shown).map(column).collect()
}

fn row(played: &Played, now: &ThreadNow) -> Row {
    match now.state {
        ThreadState::Ready => Row::Next(now.text.clone()),
        ThreadState::Waits => Row::Waits(waits(played, now)),
        ThreadState::Ended => Row::Ended,
    }
}

/// `waits for count, which T2 holds`, `sleeps in wait room`.
pub fn waits(played: &Played, now: &ThreadNow) -> String {
    let holder = now.holder.and_then(|holder| played.threads.get(holder));
    match (holder, now.text.split_once(' ')) {
        (Some(holder), Some(("lock", lock))) => format!("waits for {lock}, which {holder} holds"),
        (Some(holder), _) => format!("waits in {}, for {holder}", now.text),
        (None, _) if now.text == "join" => "waits for the others to end".to_owned(),
        (None, Some(("go", rest))) => format!("goes {rest}"),
        (None, _) if now.text.is_empty() => "waits".to_owned(),
        (None, Some(("lock", lock))) => format!("waits for {lock}"),
        (None, _) => format!("sleeps in {}", now.text),
    }
}
