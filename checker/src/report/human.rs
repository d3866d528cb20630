//! The report for a person: plain text at 80 columns, colour only on a terminal.

use std::io::{IsTerminal, Write};

use crate::Error;
use crate::event::{Event, Sink};
use crate::findings::Finding;

use super::screen::{Screen, Style};
use super::text::{Paint, WIDTH, clean, fill, wrap};
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
}

impl Human {
    pub(super) fn on_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let style = Style {
            width: WIDTH,
            colour: terminal && !no_colour && !dumb,
            program: std::env::args().next().unwrap_or_else(|| "checker".to_owned()),
        };
        Self { style, live: terminal && !dumb }
    }

    /// For a log that a program reads.
    pub(super) fn in_a_log() -> Self {
        let Self { style, .. } = Self::on_stdout();
        Self { style: Style { colour: false, ..style }, live: false }
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
            // What comes next may go to standard error.
            output::flush();
        }
    }

    pub(super) fn paint(&self, text: &str, colour: Paint) -> String {
        self.style.paint(text, colour)
    }

    pub(super) fn with_program(&self, text: &str) -> String {
        self.style.with_program(text)
    }

    /// Prints what is written on a screen.
    fn screen(&self, write: impl FnOnce(&mut Screen<'_>)) {
        self.clear_transient();
        let mut screen = Screen::new(&self.style);
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
            Event::Judged { .. } => self.clear_transient(),
            Event::Warning { text } => {
                self.clear_transient();
                let text = self.with_program(text);
                let lines = wrap(&format!("warning: {text}"), WIDTH);
                let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
            }
        }
    }
}

impl Reporter for Human {
    fn report(&mut self, report: Report<'_>) {
        match report {
            Report::Status { workbook, status, .. } => {
                self.screen(|screen| screen.status_of_workbook(workbook, status));
            }
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
            Report::SideBySide { yours, reference } => {
                self.screen(|screen| screen.side_by_side(yours, reference))
            }
            Report::Error(error) => self.error(error),
        }
    }
}

impl Human {
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
                self.lines(&wrap(&format!("lost:   {}", short.lost), WIDTH - 14), 14);
                self.lines(&wrap(&format!("remedy: {}", short.remedy), WIDTH - 14), 14);
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
        self.line(&self.with_program(&clean(text)));
    }

    fn markdown(&mut self, text: &str) {
        self.clear_transient();
        self.lines(&fill(&self.with_program(&clean(text)), WIDTH), 0);
    }

    fn error(&mut self, error: &Error) {
        self.clear_transient();
        let text = self.with_program(&clean(&error.to_string()));
        let label = if matches!(error, Error::Interrupted) { "" } else { "error: " };
        let lines = wrap(&format!("{label}{text}"), WIDTH);
        let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    }
}
