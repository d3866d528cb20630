//! What a player types.

use super::Move;

/// What a player asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A move.
    Move(Move),
    /// The command that repeats what has been played.
    Command,
    /// What can be typed.
    Help,
    /// The end of the game.
    Quit,
}

/// What can be typed, each with what it does.
pub const KEYS: [(&str, &str); 9] = [
    ("1, 2 …", "that thread takes its next step"),
    ("1w", "the same, but a wait wakes (a weak exchange fails) for no reason"),
    ("b", "one step back"),
    ("n", "one step on, along what has been played already"),
    ("r", "back to the start"),
    ("e", "play the rest: each thread runs until it waits or ends"),
    ("f", "a schedule that breaks it, as `check` finds it: then n and b"),
    ("c", "the command that repeats what has been played"),
    ("q", "quit"),
];

impl Input {
    /// A line that was typed; `None` if it is none of the known.
    pub fn from_line(line: &str) -> Option<Self> {
        let line = line.trim();
        let (number, without_reason) = match line.strip_suffix('w') {
            Some(number) => (number, true),
            None => (line, false),
        };
        if let Ok(thread) = number.trim().parse() {
            return Some(Self::Move(Move::Choose { thread, without_reason }));
        }
        Some(match line {
            "b" => Self::Move(Move::Back),
            "n" => Self::Move(Move::On),
            "r" => Self::Move(Move::Restart),
            "e" => Self::Move(Move::ToTheEnd),
            "f" => Self::Move(Move::Found),
            "c" => Self::Command,
            "?" | "h" | "help" => Self::Help,
            "q" | "quit" | "exit" => Self::Quit,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_a_thread_and_a_w_does_it_without_a_reason() {
        let choose =
            |thread, without_reason| Some(Input::Move(Move::Choose { thread, without_reason }));
        assert_eq!(Input::from_line(" 2\n"), choose(2, false));
        assert_eq!(Input::from_line("12w"), choose(12, true));
        assert_eq!(Input::from_line("1 w"), choose(1, true));
    }

    #[test]
    fn each_key_of_the_help_is_known_and_nothing_else() {
        for (key, _) in &KEYS[1..] {
            assert!(Input::from_line(key).is_some(), "{key}");
        }
        for line in ["", "w", "x", "-1", "1 2", "bb"] {
            assert_eq!(Input::from_line(line), None, "{line}");
        }
    }
}
