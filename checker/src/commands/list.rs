//! `checker list`: all exercises as they are remembered; nothing is compiled.

use crate::candidate::Candidate;
use crate::event::Event;
use crate::pristine::Pristine;
use crate::progress::Store;
use crate::report::Reporter;
use crate::{Error, Exit, fingerprint};

use super::Session;

/// Lists every exercise with its last verdict, or that it has changed since.
pub fn list(session: &Session, reporter: &mut dyn Reporter) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let (progress, warning) = Store::of(workbook).load()?;
    if let Some(text) = &warning {
        reporter.take(&Event::Warning { text });
    }
    for part in &workbook.curriculum.parts {
        reporter.note(&format!("{} {}", part.number, part.title));
        for exercise in workbook.curriculum.exercises_of(part) {
            let pristine = Pristine::load(workbook, exercise)?;
            let entry = progress.entry(&exercise.name);
            let state = if pristine.is_untouched(workbook, exercise)? {
                "not started"
            } else {
                let candidate = Candidate::in_place(workbook, exercise, &pristine);
                match entry.last(&fingerprint::of(&candidate)?) {
                    Some(judgement) => judgement.verdict.in_words(),
                    None => "not checked since it changed",
                }
            };
            reporter.note(&format!(
                "  {:<5}{:<18} {:<28} {}",
                exercise.number.to_string(),
                exercise.name,
                state,
                exercise.title
            ));
        }
    }
    Ok(Exit::Passed)
}
