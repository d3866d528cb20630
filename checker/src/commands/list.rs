//! `checker list`: all exercises as they are remembered; nothing is compiled.

use crate::findings::{Listed, State};
use crate::judge::candidate::Candidate;
use crate::judge::inputs::{Common, Inputs};
use crate::progress::{Entry, Store};
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::workbook::hints::hints;
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
    let common = Common::read(&workbook.root)?;
    let of = |exercise| listed(session, &common, exercise, &progress.entry(&exercise.name));
    let listed: Vec<Listed<'_>> =
        workbook.curriculum.exercises.iter().map(of).collect::<Result<_, _>>()?;
    reporter.report(Report::List { workbook, listed: &listed });
    Ok(Exit::Passed)
}

/// One of them.
pub(super) fn listed<'a>(
    session: &Session,
    common: &Common,
    exercise: &'a Exercise,
    entry: &Entry,
) -> Result<Listed<'a>, Error> {
    let workbook = &session.workbook;
    let pins = Pins::load(workbook, exercise)?;
    let state = if pins.is_untouched(workbook, exercise)? {
        State::NotStarted
    } else {
        let candidate = Candidate::in_place(workbook, exercise, &pins);
        let last = entry.last(Inputs::read_beside(&candidate, common)?.hash());
        last.map_or(State::Changed, State::judged)
    };
    let file = workbook.exercise_path(exercise).join("hints.md");
    let hints = hints(&files::read(&file).unwrap_or_default()).len();
    Ok(Listed { exercise, state, hints_given: entry.hints.len(), hints })
}
