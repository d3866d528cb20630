//! `checker list`: all exercises as they are remembered; nothing is compiled.

use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;
use crate::progress::Store;
use crate::report::{NAME_WIDTH, Reporter};
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// Lists every exercise with its last verdict, or that it has changed since.
pub fn list(session: &Session, reporter: &mut dyn Reporter) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let (progress, warning) = Store::new(workbook).load()?;
    if let Some(text) = &warning {
        reporter.warn(text);
    }
    for part in &workbook.curriculum.parts {
        reporter.note(&format!("{} {}", part.number, part.title));
        for exercise in workbook.curriculum.exercises_of(part) {
            let pins = Pins::load(workbook, exercise)?;
            let entry = progress.entry(&exercise.name);
            let state = if pins.is_untouched(workbook, exercise)? {
                "not started"
            } else {
                let candidate = Candidate::in_place(workbook, exercise, &pins);
                match entry.last(Inputs::read(&candidate)?.hash()) {
                    Some(judgement) => judgement.verdict.in_words(),
                    None => "not checked since it changed",
                }
            };
            reporter.note(&format!(
                "  {:<5}{:<NAME_WIDTH$} {:<28} {}",
                exercise.number.to_string(),
                exercise.name,
                state,
                exercise.title
            ));
        }
    }
    if workbook.curriculum.has_holes() {
        reporter.note("Numbers have holes where exercises are still to come.");
    }
    Ok(Exit::Passed)
}
