//! What the core says while it works. Reporters consume it; nothing here does I/O.

use crate::verdict::{Judgement, TestResult};
use crate::workbook::curriculum::Exercise;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// cargo is asked to build an exercise.
    Compiling { exercise: &'a Exercise },
    /// So many crates are compiled, of so many that the exercise and its dependencies are, and these are next.
    CompilingCrates { exercise: &'a Exercise, done: usize, of: usize, next: &'a str },
    /// The tests of an exercise run.
    Running { exercise: &'a Exercise },
    /// So many tests have run, of so many.
    Tested { exercise: &'a Exercise, done: usize, of: usize },
    /// The first test, in the order of the task, that does not pass; others still run.
    Failed { exercise: &'a Exercise, test: &'a TestResult },
    /// An exercise has a judgement.
    Judged {
        exercise: &'a Exercise,
        judgement: &'a Judgement,
        /// Whether it was known from before.
        cached: bool,
    },
    /// Something that the user should know and that stops nothing.
    Warning { text: &'a str },
}

/// Someone who wants to know.
pub trait Sink {
    /// Takes note of an event.
    fn emit(&mut self, event: &Event<'_>);
}

/// Takes no note of anything.
#[derive(Debug)]
pub struct Silent;

impl Sink for Silent {
    fn emit(&mut self, _: &Event<'_>) {}
}
