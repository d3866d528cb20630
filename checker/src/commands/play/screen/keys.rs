//! What the terminal sends, as keys.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Letter(char),
    Left,
    Right,
    Home,
    Interrupt,
    Suspend,
    Redraw,
    /// Any other one.
    Other,
}

/// The key of an event; `None` if it is none, as a resize: what is shown is drawn anew anyway.
pub fn key(event: &Event) -> Option<Key> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) => Key::Interrupt,
        (KeyCode::Char('z'), true) => Key::Suspend,
        (KeyCode::Char('l'), true) => Key::Redraw,
        (KeyCode::Char(letter), false) => Key::Letter(letter),
        (KeyCode::Left, _) => Key::Left,
        (KeyCode::Right | KeyCode::Enter, _) => Key::Right,
        (KeyCode::Home, _) => Key::Home,
        _ => Key::Other,
    })
}
