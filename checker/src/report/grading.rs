//! What a person sees of a grading: how far it is, and the gradebook.

use std::path::Path;

use super::human::Human;
use super::text::{Paint, clean};
use crate::grade::gradebook::{Gradebook, Line};
use crate::grade::grading::Progress;

/// How many cells the bar has.
const BAR: usize = 20;

/// The most students that are listed; the others are in the file.
const LISTED: usize = 50;

impl Human {
    /// A bar with rate and time left on a terminal, lines otherwise.
    pub(super) fn show_progress(&self, progress: &Progress<'_>) {
        let Progress { unit, result, done, total, elapsed } = progress;
        let student = clean(unit.student);
        if let Err(error) = result {
            self.clear_transient();
            self.line(&format!(
                "{} {student} {}: {error}",
                self.paint("open", Paint::Open),
                unit.exercise.name
            ));
        }
        if !self.live {
            if let Ok(judgement) = result {
                let verdict = judgement.verdict.in_words();
                self.line(&format!("{done}/{total} {student} {} {verdict}", unit.exercise.name));
            }
            return;
        }
        let seconds = elapsed.as_secs_f64().max(0.001);
        let rate = *done as f64 / seconds;
        let left = ((total - done) as f64 / rate).ceil() as u64;
        let filled = done * BAR / total;
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
        let rate = rate * 60.0;
        self.transient(&format!("{bar} {done}/{total}  {rate:.0} a minute, {left} s left"));
    }

    pub(super) fn show_gradebook(&self, gradebook: &Gradebook<'_>, path: Option<&Path>) {
        self.clear_transient();
        let maximum = gradebook.maximum();
        for line in gradebook.lines.iter().take(LISTED) {
            self.line(&self.line_of(line, gradebook.exercises.len(), &maximum.to_string()));
        }
        if let Some(more) = gradebook.lines.len().checked_sub(LISTED).filter(|more| *more > 0) {
            self.line(&format!("… and {more} more"));
        }
        match gradebook.open() {
            0 => {}
            open => self.line(&format!(
                "{} {open} results are missing; the same `checker grade` judges what is left",
                self.paint("open", Paint::Open)
            )),
        }
        if let Some(path) = path {
            self.line(&format!("The gradebook is in {}.", path.display()));
        }
    }

    fn line_of(&self, line: &Line<'_>, exercises: usize, maximum: &str) -> String {
        let student = clean(&line.stored.submission.student);
        let mut text = format!(
            "{student:<24} {:>7} of {maximum}  {} of {exercises} pass",
            line.total().to_string(),
            line.passed()
        );
        if let Some(why) = &line.stored.unreadable {
            text.push_str(&format!("  {}", self.paint(&clean(why), Paint::Bad)));
        } else if !line.stored.notes.is_empty() {
            let notes = match line.stored.notes.len() {
                1 => "1 file has no effect".to_owned(),
                count => format!("{count} files have no effect"),
            };
            text.push_str(&format!("  {notes}"));
        }
        text
    }
}
