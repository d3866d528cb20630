//! The keys.

/// A key, without the terminal's ways of sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A letter or another sign.
    Char(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
}

/// What a key means on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Next,
    Previous,
    List,
    Hint,
    Run,
    Trace,
    Solution,
    Reset,
    Edit,
    Again,
    Check,
    CheckAll,
    Help,
    Quit,
}

/// Every command: its key, its name, what it does. The last two are always named below the page, of the others as
/// many as there is room for.
pub(super) const COMMANDS: [(char, &str, Command, &str); 14] = [
    ('h', "hint", Command::Hint, "one more hint"),
    ('e', "edit", Command::Edit, "your editor, at the line to look at"),
    ('a', "again", Command::Again, "the failing test alone, all that it writes"),
    ('n', "next", Command::Next, "the next exercise"),
    ('l', "list", Command::List, "all exercises: choose, filter, sort"),
    ('r', "run", Command::Run, "your experiment, beside the reference's"),
    ('t', "trace", Command::Trace, "what your experiment's processes did"),
    ('s', "solution", Command::Solution, "the reference beside yours, after a pass"),
    ('p', "previous", Command::Previous, "the exercise before"),
    ('c', "check", Command::Check, "judge this exercise"),
    ('A', "all", Command::CheckAll, "judge all that has changed"),
    ('R', "reset", Command::Reset, "put the stub back; it asks first"),
    ('?', "help", Command::Help, "these keys"),
    ('q', "quit", Command::Quit, "leave"),
];

impl Command {
    /// The one that a key means.
    pub(super) fn of(key: Key) -> Option<Self> {
        let Key::Char(pressed) = key else { return None };
        COMMANDS.iter().find(|(key, ..)| *key == pressed).map(|(_, _, command, _)| *command)
    }
}

/// The keys that a line of text stands for, where lines are read in place of keys: a command by its key or its
/// name.
pub(super) fn of_line(line: &str) -> Option<Key> {
    let word = line.trim();
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (None, _) => Some(Key::Enter),
        (Some(letter), None) => Some(Key::Char(letter)),
        _ => {
            let named = COMMANDS.iter().find(|(_, name, ..)| *name == word)?;
            Some(Key::Char(named.0))
        }
    }
}
