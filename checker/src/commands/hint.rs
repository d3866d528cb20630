//! `checker hint`: one more hint with each call, first those about the stage whose test fails.

use crate::progress::{Entry, Store};
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::workbook::hints::{self, hints};
use crate::{Error, Exit};

use super::Session;

/// Gives the next hint for the exercise, or for the next one.
pub fn hint(
    session: &Session,
    name: Option<&str>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let store = Store::new(workbook);
    let exercise = session.named_or_next(name, reporter)?;
    let (progress, warning) = store.load()?;
    if let Some(warning) = warning {
        reporter.note(&format!("warning: {warning}"));
    }
    let file = workbook.exercise_path(exercise).join("hints.md");
    let text = files::read(&file)?;
    let hints = hints(&text);
    let entry = progress.entry(&exercise.name);
    let stage = failing_stage(exercise, &entry);
    let next = hints::next(&hints, &entry.hints, stage);
    // All have been given: the last one again.
    let Some(hint) = next.or(hints.last()) else {
        return Err(Error::Format {
            path: file,
            problem: "there is no hint in it".to_owned(),
            remedy: "A hint begins with a heading `## 1`, the next with `## 2`.".to_owned(),
        });
    };
    let (number, count) = (hint.number, hints.len());
    let about =
        hint.stage.and_then(|stage| Some((stage, exercise.groups.get(stage.checked_sub(1)?)?)));
    let about = about.map(|(stage, group)| format!(" (stage {stage}: {})", group.name));
    let about = about.unwrap_or_default();
    reporter.note(&format!("{}: hint {number} of {count}{about}\n", exercise.name));
    reporter.report(Report::Markdown(hint.text));
    let given: Vec<usize> =
        entry.hints.iter().copied().filter(|given| *given != number).chain([number]).collect();
    let more = if hints::next(&hints, &given, stage).is_none() {
        format!("\nThat was the last one. All of them: exercises/{}/hints.md", exercise.directory)
    } else {
        format!("\nOne more: `checker hint {}`", exercise.name)
    };
    reporter.note(&more);
    if let Err(error) = store.update(&exercise.name, |entry| entry.hints = given) {
        reporter.note(&format!("warning: this hint is not remembered: {error}"));
    }
    Ok(Exit::Passed)
}

/// The stage of the task, from 1, whose test failed in the last check.
fn failing_stage(exercise: &Exercise, entry: &Entry) -> Option<usize> {
    let test = entry.judgement.as_ref()?.first_unpassed()?;
    Some(exercise.group_of(&test.target, &test.name)? + 1)
}
