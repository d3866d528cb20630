//! `checker play`: the learner decides which thread goes on.

mod arguments;
mod lines;
mod plain;
mod runner;
mod scene;
#[cfg(feature = "tui")]
mod screen;

use std::path::Path;

use crate::play::{Game, Move};
use crate::report::Reporter;
use crate::report::game::page::page;
use crate::system::files;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;
pub use arguments::PlayArguments;
use runner::Runner;
use scene::Scene;

/// Plays. However the game ends, that is no verdict: exit 1 only if there is nothing to play.
pub fn play(
    session: &Session,
    arguments: &PlayArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let exercise = session.named_or_next(arguments.exercise.as_deref(), reporter)?;
    let turn = super::judging::wait_for_turn(session, reporter)?;
    let pins = Pins::load(&session.workbook, exercise)?;
    let scene = Scene::new(session, exercise, &pins, arguments, reporter)?;
    // Meanwhile the learner may go on with the exercise: what is played does not change.
    drop(turn);
    let runner = Runner::new(&scene, &session.stop)?;
    let mut game =
        Game::start(scene.subject(), scene.sources()?, Box::new(runner), arguments.program)?;
    if let Some(file) = &arguments.html {
        return write_page(&mut game, file, reporter);
    }
    #[cfg(feature = "tui")]
    if !arguments.plain && screen::is_possible() {
        // What is compiling is not any more, and what was played is still there when the screen is gone.
        reporter.note(&format!("{}: {}", game.subject.exercise, game.subject.test));
        return screen::play(&mut game, &session.stop);
    }
    plain::play(&mut game, &session.stop, reporter)
}

/// The schedule that breaks it as a page.
fn write_page(
    game: &mut Game<'_>,
    file: &Path,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    if let Some(remark) = game.make(Move::Found)? {
        reporter.note(&format!("{remark} There is no page to write."));
        return Ok(Exit::NotPassed);
    }
    files::write_atomically(file, &page(game)).map_err(Error::asked_for)?;
    reporter.note(&format!("The page is in {}.", file.display()));
    Ok(Exit::Passed)
}
