//! Lines one after the other: without a terminal, for a screen reader, or where a terminal obeys no escape
//! sequences. Commands are lines, too.

use std::io::{self, IsTerminal, Stdin};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;

use crate::report::{Look, Reporter};

use super::content::{Content, title};
use super::front::{Front, Input};
use super::key::of_line;
use super::state::State;

/// Prints lines.
pub(super) struct Plain<'r> {
    reporter: &'r mut dyn Reporter,
    look: Look,
    /// Where lines come from, if a person writes them.
    stdin: Option<Stdin>,
    /// The last thing that was said, which is not said twice.
    said: String,
    /// What was read of a line that has not ended.
    begun: Vec<u8>,
}

impl<'r> Plain<'r> {
    pub(super) fn new(reporter: &'r mut dyn Reporter) -> Self {
        let stdin = io::stdin();
        let stdin = stdin.is_terminal().then_some(stdin);
        let look = Look::of_stdout();
        let mut plain = Self { reporter, look, stdin, said: String::new(), begun: Vec::new() };
        plain.say("Watching: what is saved is judged. Ctrl-C ends it.");
        if plain.stdin.is_some() {
            plain.say(
                "Commands are lines: h and Enter gives a hint, ? and Enter names all of them.",
            );
        }
        plain
    }
}

impl Front for Plain<'_> {
    fn look(&self) -> Look {
        self.look
    }

    fn keys(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().map(|stdin| stdin.as_fd())
    }

    /// Lines: what a terminal gives at once is a line, or its end.
    fn read(&mut self) -> Vec<Input> {
        let mut bytes = [0; 1024];
        let Some(stdin) = &self.stdin else { return Vec::new() };
        // Not through a buffer: what is left in one makes nothing readable.
        let count = match nix::unistd::read(stdin, &mut bytes) {
            Ok(0) => return vec![Input::Gone],
            Ok(count) => count,
            Err(Errno::EINTR) => return Vec::new(),
            Err(_) => return vec![Input::Gone],
        };
        self.begun.extend(&bytes[..count]);
        let mut inputs = Vec::new();
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            match of_line(&String::from_utf8_lossy(&line)) {
                Some(key) => inputs.push(Input::Key(key)),
                None => self.say("There is no such command: ? and Enter names all of them."),
            }
        }
        inputs
    }

    fn show(&mut self, state: &State<'_>) {
        let mut text = title(state).map(|title| title + "\n").unwrap_or_default();
        let content = Content::of(state, self.look);
        for (index, line) in content.lines.iter().enumerate() {
            let mark = if content.chosen == Some(index) { "> " } else { "" };
            text.push_str(&format!("{mark}{line}\n"));
        }
        self.said.clear();
        self.reporter.document(&format!("{text}\n"));
    }

    fn say(&mut self, text: &str) {
        if self.said != text {
            self.said = text.to_owned();
            self.reporter.document(&format!("{text}\n"));
        }
    }

    fn draw(&mut self, _: &mut State<'_>) -> io::Result<()> {
        Ok(())
    }

    fn enter(&mut self) {}

    fn clear(&mut self) {}

    fn leave(&mut self) {}
}
