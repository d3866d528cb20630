//! What the core says while it works. Reporters consume it; nothing here does I/O.

use crate::verdict::Judgement;
use crate::workbook::curriculum::Exercise;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// cargo is asked to build an exercise.
    Compiling { exercise: &'a Exercise },
    /// The tests of an exercise run.
    Running { exercise: &'a Exercise },
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
