//! What the terminal sends, as keys.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::commands::watch::front::Input;
use crate::commands::watch::key::Key;

/// What an event of the terminal means; nothing if it means nothing. What is pasted is no command.
pub(super) fn input(event: &Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(key),
        Event::Resize(..) => Some(Input::Resized),
        _ => None,
    }
}

fn of_key(key: &KeyEvent) -> Option<Input> {
    let key = match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) => Key::Interrupt,
        (KeyCode::Char('z'), true) => Key::Suspend,
        (KeyCode::Char('l'), true) => return Some(Input::Resized),
        (KeyCode::Char(_), true) => return None,
        (KeyCode::Char(letter), false) => Key::Char(letter),
        (KeyCode::Enter, _) => Key::Enter,
        (KeyCode::Esc, _) => Key::Escape,
        (KeyCode::Backspace, _) => Key::Backspace,
        (KeyCode::Up, _) => Key::Up,
        (KeyCode::Down, _) => Key::Down,
        (KeyCode::Left, _) => Key::Left,
        (KeyCode::Right, _) => Key::Right,
        (KeyCode::PageUp, _) => Key::PageUp,
        (KeyCode::PageDown, _) => Key::PageDown,
        (KeyCode::Home, _) => Key::Home,
        (KeyCode::End, _) => Key::End,
        _ => return None,
    };
    Some(Input::Key(key))
}
