//! How lines are written: on how large a screen, in colour or not, and how commands are called.

use std::io::IsTerminal;

use crate::evidence::{Evidence, Words};
use crate::report::caller::Caller;
use crate::report::text::{Paint, WIDTH, clean, paint};

/// Longer lines of prose are hard to read.
const WIDEST_TEXT: usize = 100;
/// On a narrower screen lines are too long.
const NARROWEST: usize = 40;

/// Below the last line: the prompt.
const BELOW: usize = 1;
/// And by make, an empty line and two about its error.
const BELOW_BY_MAKE: usize = 4;

/// How lines are written.
#[derive(Debug, Clone)]
pub(in crate::report) struct Style {
    /// How many characters a line may have.
    pub width: usize,
    /// How many lines there is room for; without it there may be as many as there are.
    pub height: Option<usize>,
    /// Whether it is read from its beginning, and the rest comes by scrolling.
    pub scrolls: bool,
    /// Whether words are coloured.
    pub colour: bool,
    /// Whether the names of files are links that a terminal follows (OSC 8).
    pub links: bool,
    /// How this program was called, for commands that the reader may copy.
    pub caller: Caller,
}

impl Style {
    /// For standard output.
    pub(in crate::report) fn of_stdout() -> Self {
        let is_live = is_live();
        let size = terminal_size::terminal_size_of(std::io::stdout());
        // A terminal that does not know its size says 0.
        let width = size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0);
        let height = size.map(|(_, height)| usize::from(height.0)).filter(|height| *height > 0);
        let caller = Caller::from_environment();
        let below = if caller.is_make() { BELOW_BY_MAKE } else { BELOW };
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            width: width.map_or(WIDTH, |width| width.max(NARROWEST)),
            height: height.map(|height| height.saturating_sub(below)),
            scrolls: false,
            colour: is_live && !no_colour,
            links: is_live && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
            caller,
        }
    }

    /// For a log: nothing but text.
    pub(in crate::report) fn of_log() -> Self {
        let caller = Caller::from_environment();
        Self { width: WIDTH, height: None, scrolls: false, colour: false, links: false, caller }
    }

    /// How many characters a line of prose may have.
    pub(in crate::report) fn text_width(&self) -> usize {
        self.width.min(WIDEST_TEXT)
    }

    pub(in crate::report) fn paint(&self, text: &str, colour: Paint) -> String {
        paint(text, colour, self.colour)
    }

    /// Commands in the texts of the core are written as `checker …`.
    pub(in crate::report) fn with_commands(&self, text: &str) -> String {
        self.caller.with_commands(text)
    }

    /// Evidence in words that can be printed, with so many columns before each line.
    pub(super) fn worded(&self, evidence: &Evidence, indent: usize) -> Words {
        evidence.words_within(self.width - indent).map(|text| self.with_commands(&clean(text)))
    }
}

/// Whether standard output is a terminal that obeys escape sequences.
pub(in crate::report) fn is_live() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && !is_dumb
}
