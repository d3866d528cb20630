//! The report for a person: text as wide as the terminal, colour only on one.

use std::cell::Cell;
use std::io::Write;

use crate::Error;
use crate::event::{Event, Sink};
use crate::findings::{Compared, Finding, Listed};
use crate::system::pager;
use crate::verdict::TestResult;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

use super::progress::{compiling, testing};
use super::screen::{Screen, Style, is_live};
use super::text::{Paint, clean, fill, wrap};
use super::{Format, NewReporter, Report, Reporter, output};

/// Its value of `--format`.
pub(super) const FORMAT: Format<NewReporter> = Format {
    name: "human",
    help: "For a person, at a terminal or not",
    makes: || Box::new(Human::on_stdout()),
};

/// Reports on standard output.
pub(super) struct Human {
    style: Style,
    /// Whether lines can be taken back: standard output is a terminal.
    pub(super) live: bool,
    /// How many lines stand above the transient one until there is more to say.
    preview: Cell<usize>,
}

impl Human {
    pub(super) fn on_stdout() -> Self {
        Self { style: Style::of_stdout(), live: is_live(), preview: Cell::new(0) }
    }

    /// For a log that a program reads.
    pub(super) fn in_a_log() -> Self {
        Self { style: Style::of_log(), live: false, preview: Cell::new(0) }
    }

    pub(super) fn line(&self, text: &str) {
        output::print(&format!("{text}\n"));
    }

    pub(super) fn lines(&self, lines: &[String], indent: usize) {
        for line in lines {
            self.line(format!("{:indent$}{line}", "").trim_end());
        }
    }

    /// A line that is gone when the next one comes.
    pub(super) fn transient(&self, text: &str) {
        if self.live {
            output::print(&format!("\r\x1b[K{}", self.style.paint(text, Paint::Faint)));
            output::flush();
        }
    }

    pub(super) fn clear_transient(&self) {
        if self.live {
            output::print("\r\x1b[K");
            // Up to where the preview begins, and nothing is below (console_codes(4)).
            match self.preview.take() {
                0 => {}
                lines => output::print(&format!("\x1b[{lines}A\x1b[J")),
            }
            // What comes next may go to standard error.
            output::flush();
        }
    }

    /// Shows the first test that fails while others still run, if there is room for it.
    fn preview(&self, exercise: &Exercise, test: &TestResult) {
        // A line stays for the transient one, and one for the prompt that stands above.
        let Some(height) = self.style.height.map(|height| height.saturating_sub(2)) else { return };
        let style = Style { height: Some(height), ..self.style.clone() };
        let mut screen = Screen::new(&style);
        screen.failing(exercise, test);
        let lines = screen.into_lines();
        if self.live && lines.len() <= height {
            self.clear_transient();
            self.lines(&lines, 0);
            self.preview.set(lines.len());
        }
    }

    pub(super) fn paint(&self, text: &str, colour: Paint) -> String {
        self.style.paint(text, colour)
    }

    pub(super) fn with_commands(&self, text: &str) -> String {
        self.style.with_commands(text)
    }

    /// Prints what is written on a screen, however tall it is.
    fn screen(&self, write: impl FnOnce(&mut Screen<'_>)) {
        self.screen_of(&Style { height: None, ..self.style.clone() }, write);
    }

    /// Prints what is written on a screen of this style.
    fn screen_of(&self, style: &Style, write: impl FnOnce(&mut Screen<'_>)) {
        self.clear_transient();
        let mut screen = Screen::new(style);
        write(&mut screen);
        self.lines(&screen.into_lines(), 0);
    }
}

impl Sink for Human {
    fn emit(&mut self, event: &Event<'_>) {
        match event {
            Event::Compiling { exercise } => {
                self.transient(&format!("compiling {} …", exercise.name));
            }
            Event::Running { exercise } => self.transient(&format!("testing {} …", exercise.name)),
            Event::CompilingCrates { done, of, next, .. } => {
                self.transient(&compiling(*done, *of, next));
            }
            Event::Tested { exercise, done, of } => self.transient(&testing(exercise, *done, *of)),
            Event::Failed { exercise, test } => self.preview(exercise, test),
            Event::Judged { .. } => self.clear_transient(),
            Event::Warning { text } => {
                self.clear_transient();
                let text = self.with_commands(text);
                let lines = wrap(&format!("warning: {text}"), self.style.text_width());
                let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
            }
        }
    }
}

impl Reporter for Human {
    fn report(&mut self, report: Report<'_>) {
        match report {
            Report::Status { workbook, status, full, .. } => {
                let height = self.style.height.filter(|_| !full);
                let style = Style { height, ..self.style.clone() };
                self.screen_of(&style, |screen| screen.status_of_workbook(workbook, status));
            }
            Report::List { workbook, listed } => self.list(workbook, listed),
            Report::Claim { claim, in_full: true } => self.claim_in_full(claim),
            Report::Claim { claim, in_full: false } => self.claim_in_a_line(claim),
            Report::Claims { claims, .. } => self.claims(claims),
            Report::Machine(findings) => self.findings(findings),
            Report::Verified(verified) => self.verified(verified),
            Report::Verification { verified, general, exit } => {
                self.verification(verified, general, exit)
            }
            Report::Timeline { traced, svg } => self.screen(|screen| screen.traced(traced, svg)),
            Report::Soundness(soundness) => self.soundness(soundness),
            Report::SoundnessOfAll { all, exit } => self.soundness_of_all(all, exit),
            Report::Mutated(mutated) => self.mutated(mutated),
            #[cfg(feature = "grade")]
            Report::Grading(report) => self.grading(&report),
            Report::Document(text) => self.document(text),
            Report::Note(text) => self.note(text),
            Report::Markdown(text) => self.markdown(text),
            Report::Solution(compared) => self.solution(compared),
            Report::Error(error) => self.error(error),
        }
    }
}

impl Human {
    fn list(&self, workbook: &Workbook, listed: &[Listed<'_>]) {
        // A line for each exercise, which a program can look through: a file has no width.
        let width = if self.live { self.style.width } else { usize::MAX };
        let style = Style { width, height: None, ..self.style.clone() };
        self.screen_of(&style, |screen| screen.list(workbook, listed));
    }

    /// What is taller than the terminal is shown by a pager.
    fn solution(&self, compared: &[Compared]) {
        self.clear_transient();
        let style = Style { height: None, ..self.style.clone() };
        let mut screen = Screen::new(&style);
        screen.compared(compared);
        let lines = screen.into_lines();
        let is_tall = self.style.height.is_some_and(|height| lines.len() > height);
        if !(self.live && is_tall && pager::shown(&(lines.join("\n") + "\n"))) {
            self.lines(&lines, 0);
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (mark, colour) = match &finding.shortfall {
                None => ("✓", Paint::Good),
                Some(short) if short.fatal => ("✗", Paint::Bad),
                Some(_) => ("-", Paint::Open),
            };
            let mark = self.paint(mark, colour);
            self.line(&format!("{mark} {:<11} {}", finding.name, clean(&finding.found)));
            if let Some(short) = &finding.shortfall {
                self.lines(
                    &wrap(&format!("lost:   {}", short.lost), self.style.text_width() - 14),
                    14,
                );
                self.lines(
                    &wrap(&format!("remedy: {}", short.remedy), self.style.text_width() - 14),
                    14,
                );
            }
        }
    }

    fn document(&mut self, text: &str) {
        self.clear_transient();
        output::print(text);
        output::flush();
    }

    fn note(&mut self, text: &str) {
        self.clear_transient();
        self.line(&self.with_commands(&clean(text)));
    }

    fn markdown(&mut self, text: &str) {
        self.clear_transient();
        self.lines(&fill(&self.with_commands(&clean(text)), self.style.text_width()), 0);
    }

    fn error(&mut self, error: &Error) {
        self.clear_transient();
        let text = self.with_commands(&clean(&error.to_string()));
        let label = if matches!(error, Error::Interrupted) { "" } else { "error: " };
        let lines = wrap(&format!("{label}{text}"), self.style.text_width());
        let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    }
}
