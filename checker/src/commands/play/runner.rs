//! Runs the test of a game.

use std::fs;
use std::path::PathBuf;

use evidence::{Played, Wish};
use sandbox::Stop;

use crate::Error;
use crate::judge::run_played::run_played;
use crate::play::Runs;
use crate::system::scratch::Scratch;

use super::scene::Scene;

/// Runs the test of a scene, by a copy of its program: the learner may build it anew while the game goes on.
pub struct Runner<'a> {
    scene: &'a Scene<'a>,
    stop: &'a Stop,
    program: PathBuf,
    _scratch: Scratch,
}

impl<'a> Runner<'a> {
    pub fn new(scene: &'a Scene<'a>, stop: &'a Stop) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let name = scene.program.file_name().unwrap_or_default();
        let program = scratch.directory()?.join(name);
        fs::copy(&scene.program, &program).map_err(Error::writing(&program))?;
        Ok(Self { scene, stop, program, _scratch: scratch })
    }
}

impl Runs for Runner<'_> {
    fn run(&mut self, wish: &Wish, program: Option<usize>) -> Result<Played, Error> {
        let scene = self.scene;
        let (candidate, test) = (&scene.candidate, &scene.test);
        let played = run_played(candidate, &self.program, test, wish, program, self.stop)?;
        played.map_err(|why| Error::Refused(format!("it cannot be played: {why}")))
    }
}
