//! A game line by line: for pipes, for terminals that can do no more, for screen readers.

use sandbox::Stop;

use crate::play::{Game, Input};
use crate::report::Reporter;
use crate::report::game::plain;
use crate::{Error, Exit};

use super::lines::Lines;

/// Shows a position, reads a line, and so on.
pub fn play(game: &mut Game<'_>, stop: &Stop, reporter: &mut dyn Reporter) -> Result<Exit, Error> {
    let stdin = std::io::stdin();
    let mut lines = Lines::new(&stdin, stop);
    reporter.note(&plain::beginning(game));
    reporter.note(&plain::position(game));
    while let Some(line) = lines.next()? {
        match Input::from_line(&line) {
            Some(Input::Quit) => break,
            Some(Input::Help) => reporter.note(&plain::help()),
            Some(Input::Command) => reporter.note(&game.played().again),
            Some(Input::Move(wanted)) => match game.make(wanted)? {
                Some(remark) => reporter.note(&remark),
                None => reporter.note(&plain::position(game)),
            },
            None => reporter.note("Type the number of a thread; ? lists what else there is."),
        }
    }
    Ok(Exit::Passed)
}
