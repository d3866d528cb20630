//! What commands say, kept to be written later: on a screen whose size may change.

use crate::event::{Event, Sink};
use crate::findings::{Compared, WorkbookStatus};
use crate::report::caller::Caller;
use crate::report::text::{clean, fill, wrap};
use crate::report::{Report, Reporter};
use crate::verdict::TestResult;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

use super::{Screen, Style, is_live};

/// Something that a command has said.
#[derive(Debug)]
pub(crate) enum Kept<'w> {
    /// How exercises stand.
    Status { workbook: &'w Workbook, status: Box<WorkbookStatus<'w>> },
    /// The first test of an exercise that fails, while others still run.
    Failing { exercise: &'w Exercise, test: Box<TestResult> },
    /// A text as it is.
    Note(String),
    /// A text in Markdown.
    Markdown(String),
    /// The learner's files and the reference's.
    Solution(Vec<Compared>),
    /// What is as wide as it is.
    Drawn(Vec<String>),
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// How many characters a line may have.
    pub width: usize,
    /// Whether words are coloured.
    pub colour: bool,
    /// Whether it is read from its beginning, and the rest comes by scrolling.
    pub scrolls: bool,
}

impl Look {
    /// For lines on standard output.
    pub(crate) fn of_stdout() -> Self {
        let Style { width, colour, scrolls, .. } = Style::of_stdout();
        Self { width, colour, scrolls }
    }

    /// Whether standard output is a terminal that obeys escape sequences.
    pub(crate) fn is_live() -> bool {
        is_live()
    }

    fn style(self) -> Style {
        let Self { width, colour, scrolls } = self;
        let caller = Caller::from_environment();
        Style { width, height: None, scrolls, colour, links: false, caller }
    }
}

/// What was said, as lines.
pub(crate) fn lines(said: &[Kept<'_>], look: Look) -> Vec<String> {
    let style = look.style();
    let mut screen = Screen::new(&style);
    said.iter().for_each(|kept| screen.kept(kept));
    screen.into_lines()
}

impl Screen<'_> {
    fn kept(&mut self, kept: &Kept<'_>) {
        match kept {
            Kept::Status { workbook, status } => self.status_of_workbook(workbook, status),
            Kept::Failing { exercise, test } => self.failing(exercise, test),
            Kept::Note(text) => {
                // Not wrapped: an experiment's output and the compiler's errors are in columns.
                let text = self.style.with_commands(&clean(text));
                text.split('\n').for_each(|line| self.line(line));
            }
            Kept::Markdown(text) => {
                let text = self.style.with_commands(&clean(text));
                self.lines(&fill(&text, self.style.text_width()), 0);
            }
            Kept::Solution(compared) => self.compared(compared),
            Kept::Drawn(lines) => self.lines(lines, 0),
        }
    }
}

/// A reporter that keeps what it is told, and hands events on.
pub(crate) struct Keeper<'w, 'e> {
    look: Look,
    kept: Vec<Kept<'w>>,
    events: &'e mut dyn FnMut(&Event<'_>),
}

impl<'w, 'e> Keeper<'w, 'e> {
    /// Nothing is kept yet.
    pub(crate) fn new(look: Look, events: &'e mut dyn FnMut(&Event<'_>)) -> Self {
        Self { look, kept: Vec::new(), events }
    }

    /// What was said.
    pub(crate) fn into_kept(self) -> Vec<Kept<'w>> {
        self.kept
    }
}

impl Sink for Keeper<'_, '_> {
    fn emit(&mut self, event: &Event<'_>) {
        (self.events)(event);
    }
}

impl Reporter for Keeper<'_, '_> {
    fn report(&mut self, report: Report<'_>) {
        let kept = match report {
            Report::Note(text) | Report::Document(text) => Kept::Note(text.to_owned()),
            Report::Markdown(text) => Kept::Markdown(text.to_owned()),
            Report::Solution(compared) => Kept::Solution(compared.to_vec()),
            Report::Error(error) => Kept::Drawn(wrap(&clean(&error.to_string()), self.look.width)),
            Report::Timeline { traced, svg } => {
                let style = self.look.style();
                let mut screen = Screen::new(&style);
                screen.traced(traced, svg);
                Kept::Drawn(screen.into_lines())
            }
            Report::Status { workbook, status, .. } => {
                let style = self.look.style();
                let mut screen = Screen::new(&style);
                screen.status_of_workbook(workbook, status);
                Kept::Drawn(screen.into_lines())
            }
            // What authors and instructors are told is no learner's page.
            _ => return,
        };
        self.kept.push(kept);
    }
}
