//! The list of all exercises: one is chosen; it is filtered and sorted. No I/O here.

use crate::findings::Listed;

use super::key::Key;
use super::standing::passes;

/// How the list looks.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The exercise that is chosen, by its place in the curriculum.
    pub chosen: usize,
    /// What a line must contain.
    pub words: String,
    /// Whether what is typed are these words.
    pub is_typing: bool,
    pub only: Only,
    pub order: Order,
}

/// Which exercises are shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    #[default]
    All,
    Open,
    Passed,
}

/// What comes first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Number,
    Name,
    State,
}

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Nothing,
    /// The list is left.
    Left,
    /// The exercise with this place in the curriculum.
    Exercise(usize),
}

impl Only {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Open => "open",
            Self::Passed => "passed",
        }
    }
}

impl Order {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Name => "name",
            Self::State => "state",
        }
    }
}

impl List {
    /// With one chosen.
    pub(super) fn at(chosen: usize) -> Self {
        Self { chosen, ..Self::default() }
    }

    /// The places in the curriculum of what is shown, in its order.
    pub(super) fn shown(&self, standing: &[Listed<'_>]) -> Vec<usize> {
        let words = self.words.to_lowercase();
        let is_shown = |index: &usize| {
            let it = &standing[*index];
            let text = format!("{} {} {}", it.exercise.number, it.exercise.name, it.exercise.title);
            let is_among = match self.only {
                Only::All => true,
                Only::Open => !passes(it),
                Only::Passed => passes(it),
            };
            is_among && text.to_lowercase().contains(&words)
        };
        let mut shown: Vec<usize> = (0..standing.len()).filter(is_shown).collect();
        match self.order {
            Order::Number => {}
            Order::Name => shown.sort_by_key(|index| &standing[*index].exercise.name),
            Order::State => shown.sort_by_key(|index| standing[*index].state.in_words()),
        }
        shown
    }

    /// Takes a key; a page of the list has so many lines.
    pub(super) fn key(&mut self, key: Key, standing: &[Listed<'_>], page_height: usize) -> Chosen {
        if self.is_typing {
            match key {
                Key::Char(letter) => self.words.push(letter),
                Key::Backspace => drop(self.words.pop()),
                Key::Enter => self.is_typing = false,
                Key::Escape => {
                    self.is_typing = false;
                    self.words.clear();
                }
                _ => {}
            }
            self.choose_what_is_shown(standing);
            return Chosen::Nothing;
        }
        match key {
            Key::Char('/') => self.is_typing = true,
            Key::Char('f') => {
                self.only = match self.only {
                    Only::All => Only::Open,
                    Only::Open => Only::Passed,
                    Only::Passed => Only::All,
                }
            }
            Key::Char('s') => {
                self.order = match self.order {
                    Order::Number => Order::Name,
                    Order::Name => Order::State,
                    Order::State => Order::Number,
                }
            }
            Key::Up | Key::Char('k') => self.move_by(-1, standing),
            Key::Down | Key::Char('j') => self.move_by(1, standing),
            Key::PageUp => self.move_by(-(page_height as isize), standing),
            Key::PageDown => self.move_by(page_height as isize, standing),
            Key::Home | Key::Char('g') => self.move_by(isize::MIN / 2, standing),
            Key::End | Key::Char('G') => self.move_by(isize::MAX / 2, standing),
            Key::Enter if self.shown(standing).contains(&self.chosen) => {
                return Chosen::Exercise(self.chosen);
            }
            Key::Escape | Key::Char('q' | 'l') => return Chosen::Left,
            _ => {}
        }
        self.choose_what_is_shown(standing);
        Chosen::Nothing
    }

    fn choose_what_is_shown(&mut self, standing: &[Listed<'_>]) {
        let shown = self.shown(standing);
        if !shown.contains(&self.chosen) {
            self.chosen = shown.first().copied().unwrap_or(self.chosen);
        }
    }

    fn move_by(&mut self, lines: isize, standing: &[Listed<'_>]) {
        let shown = self.shown(standing);
        let Some(last) = shown.len().checked_sub(1) else { return };
        let now = shown.iter().position(|index| *index == self.chosen).unwrap_or(0);
        self.chosen = shown[now.saturating_add_signed(lines).min(last)];
    }
}
