//! A game on a screen: the whole terminal, keys without Enter.

mod keys;
mod terminal;

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use crossterm::event;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::Stop;

use crate::play::{Game, Input, Move};
use crate::report::game::screen::{Beside, draw};
use crate::{Error, Exit};

use keys::Key;
use terminal::Terminal;

/// How long nothing is looked at but keys and signals. A resize may come between two looks.
const LOOK_AGAIN: u16 = 250;

/// Whether there is a terminal that obeys escape sequences, with a keyboard.
pub fn is_possible() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// Shows the game until the player quits.
pub fn play(game: &mut Game<'_>, stop: &Stop) -> Result<Exit, Error> {
    let gone = |error| Error::reading(Path::new("the terminal"))(error);
    let mut terminal = Terminal::enter().map_err(gone)?;
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut screen =
        Screen { beside: Beside { colour, ..Beside::default() }, begun: Begun::Nothing };
    loop {
        terminal.draw(|frame| draw(frame, game, &screen.beside)).map_err(gone)?;
        wait(stop)?;
        while event::poll(Duration::ZERO).map_err(gone)? {
            let Some(key) = keys::key(&event::read().map_err(gone)?) else { continue };
            match key {
                Key::Interrupt => return Err(Error::Interrupted),
                Key::Suspend => suspend(&mut terminal).map_err(gone)?,
                Key::Redraw => terminal.clear().map_err(gone)?,
                Key::Other => screen.forget(),
                _ => match screen.press(key, game) {
                    Some(Input::Quit) => return Ok(Exit::Passed),
                    Some(input) => screen.answer(input, game)?,
                    None => {}
                },
            }
        }
    }
}

/// What is shown beside the game, and what has been begun to be typed.
struct Screen {
    beside: Beside,
    begun: Begun,
}

/// What has been typed and needs another key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    Nothing,
    /// `w`, and then the thread.
    WithoutReason,
}

impl Screen {
    fn forget(&mut self) {
        self.beside.help = false;
        self.beside.remark = None;
        self.begun = Begun::Nothing;
    }

    /// What a key asks for.
    fn press(&mut self, key: Key, game: &Game<'_>) -> Option<Input> {
        let begun = self.begun;
        let helped = self.beside.help;
        self.forget();
        if helped {
            return None;
        }
        let letter = match key {
            Key::Left => return Some(Input::Move(Move::Back)),
            Key::Right => return Some(Input::Move(Move::On)),
            Key::Home => return Some(Input::Move(Move::Restart)),
            Key::Letter(letter) => letter,
            _ => return None,
        };
        if letter == 'w' {
            let choices = &game.position().choices;
            let mut possible = choices.iter().filter(|choice| choice.without_reason);
            let choose = |thread| Input::Move(Move::Choose { thread, without_reason: true });
            match (possible.next(), possible.next()) {
                (Some(only), None) => return Some(choose(only.thread)),
                (None, _) => {
                    self.beside.remark = Some("No thread is at a wait.".to_owned());
                }
                _ => {
                    self.begun = Begun::WithoutReason;
                    self.beside.remark = Some("w: and which thread?".to_owned());
                }
            }
            return None;
        }
        let line = match begun {
            Begun::WithoutReason => format!("{letter}w"),
            Begun::Nothing => letter.to_string(),
        };
        let input = Input::from_line(&line);
        if input.is_none() {
            self.beside.remark = Some("? lists the keys.".to_owned());
        }
        input
    }

    fn answer(&mut self, input: Input, game: &mut Game<'_>) -> Result<(), Error> {
        match input {
            Input::Move(wanted) => self.beside.remark = game.make(wanted)?,
            Input::Command => self.beside.remark = Some(game.played().again.clone()),
            Input::Help => self.beside.help = true,
            Input::Quit => {}
        }
        Ok(())
    }
}

/// Waits for a key, a wish to stop, or a moment.
fn wait(stop: &Stop) -> Result<(), Error> {
    let stdin = io::stdin();
    let mut polled = [
        PollFd::new(stop.as_fd(), PollFlags::POLLIN),
        PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
    ];
    let woken = poll(&mut polled, PollTimeout::from(LOOK_AGAIN));
    let is_gone = |flags: PollFlags| flags.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
    if stop.is_requested() || (woken.is_ok() && polled[1].revents().is_some_and(is_gone)) {
        return Err(Error::Interrupted);
    }
    match woken {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(Error::reading(Path::new("the terminal"))(error.into())),
    }
}

/// Ctrl-Z: the terminal is the shell's until the job goes on.
fn suspend(terminal: &mut Terminal) -> io::Result<()> {
    terminal::restore();
    // The whole group, as the terminal does it: make, which may have started this, stops too.
    kill(Pid::from_raw(0), Signal::SIGTSTP)?;
    terminal.enter_again()
}
