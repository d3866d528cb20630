//! What the learner looks at: a screen, or lines one after the other.

use std::io;
use std::os::fd::BorrowedFd;

use crate::report::Look;

use super::happening::Happening;
use super::key::Key;
use super::state::State;

/// Something that came from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Key(Key),
    /// It has another size.
    Resized,
    /// Nobody is there any more.
    Gone,
}

impl Input {
    pub(super) fn happens<'w>(self) -> Happening<'w> {
        match self {
            Self::Key(key) => Happening::Key(key),
            Self::Resized => Happening::Redraw,
            Self::Gone => Happening::TerminalGone,
        }
    }
}

/// What the learner looks at.
pub(super) trait Front {
    /// How texts are written for it.
    fn look(&self) -> Look;

    /// What becomes readable when a key was pressed, if there are keys.
    fn keys(&self) -> Option<BorrowedFd<'_>>;

    /// What came from the terminal.
    fn read(&mut self) -> Vec<Input>;

    /// Something else is to be seen than before.
    fn show(&mut self, state: &State<'_>);

    /// Something is to be said in a line.
    fn say(&mut self, text: &str);

    /// The state may have changed.
    fn draw(&mut self, state: &mut State<'_>) -> io::Result<()>;

    /// Takes the terminal, also again; everything will be drawn.
    fn enter(&mut self);

    /// Has everything drawn the next time.
    fn clear(&mut self);

    /// Leaves the terminal as it was found.
    fn leave(&mut self);
}
