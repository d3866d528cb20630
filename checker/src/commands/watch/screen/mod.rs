//! The screen: the whole terminal, drawn anew when something has happened.

mod keys;
mod terminal;
mod view;

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crossterm::event;

use crate::report::Look;

use super::front::{Front, Input};
use super::state::State;
use terminal::Terminal;

/// The screen.
pub(super) struct Screen {
    terminal: Terminal,
    stdin: io::Stdin,
    colour: bool,
    width: usize,
}

impl Screen {
    /// Whether there is a terminal that obeys escape sequences, with a keyboard.
    pub(super) fn is_possible() -> bool {
        Look::is_live() && io::stdin().is_terminal()
    }

    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        let Look { colour, width, .. } = Look::of_stdout();
        Ok(Self { terminal: Terminal::enter()?, stdin: io::stdin(), colour, width })
    }
}

impl Front for Screen {
    fn look(&self) -> Look {
        Look { width: self.width, colour: self.colour, scrolls: true }
    }

    fn keys(&self) -> Option<BorrowedFd<'_>> {
        Some(self.stdin.as_fd())
    }

    fn read(&mut self) -> Vec<Input> {
        let mut inputs = Vec::new();
        loop {
            match event::poll(Duration::ZERO) {
                Ok(true) => {}
                Ok(false) => return inputs,
                Err(_) => {
                    inputs.push(Input::Gone);
                    return inputs;
                }
            }
            match event::read() {
                Ok(event) => inputs.extend(keys::input(&event)),
                Err(_) => {
                    inputs.push(Input::Gone);
                    return inputs;
                }
            }
        }
    }

    fn show(&mut self, _: &State<'_>) {}

    fn say(&mut self, _: &str) {}

    fn draw(&mut self, state: &mut State<'_>) -> io::Result<()> {
        let colour = self.colour;
        self.width = self.terminal.draw(|frame| view::draw(frame, state, colour))?;
        Ok(())
    }

    fn enter(&mut self) {
        // If the terminal is gone, reading tells.
        let _ = self.terminal.enter_again();
    }

    fn clear(&mut self) {
        // If it cannot, drawing cannot either.
        let _ = self.terminal.clear();
    }

    fn leave(&mut self) {
        terminal::restore();
    }
}
