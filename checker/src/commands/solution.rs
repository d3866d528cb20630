//! `checker solution`: the reference beside the learner's file.

use crate::findings::Compared;
use crate::progress::Store;
use crate::report::{Report, Reporter};
use crate::solutions::Solutions;
use crate::system::files;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// Shows the reference solution after a pass, or with `force`.
pub fn solution(
    session: &Session,
    name: Option<&str>,
    force: bool,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = session.named_or_next(name, reporter)?;
    let solutions = Solutions::new(workbook, exercise);
    if !solutions.are_there() {
        return Err(Error::Refused(format!(
            "this copy of the workbook has no solution of `{}`; your course may have left it out",
            exercise.name
        )));
    }
    let (progress, warning) = Store::new(workbook).load()?;
    if let Some(text) = &warning {
        reporter.warn(text);
    }
    let last = progress.last_passed(&workbook.curriculum.exercises);
    if !force && !progress.entry(&exercise.name).has_passed {
        // Without a name it is the next one that is meant, and the last one that may be.
        let last = last.filter(|_| name.is_none()).map(|last| {
            format!(
                "\nOf the one that you edited last and that passed: `checker solution {}`",
                last.name
            )
        });
        return Err(Error::Refused(format!(
            "`{}` has not passed yet; you learn more by solving it first.\n\
             One more hint: `checker hint {0}`. The solution all the same: \
             `checker solution {0} --force`{}",
            exercise.name,
            last.unwrap_or_default()
        )));
    }
    let pins = Pins::load(workbook, exercise)?;
    let mut compared = Vec::new();
    for file in &exercise.edit {
        let path = solutions.reference_path(file);
        let reference = files::read(&path)?;
        let shown = path.strip_prefix(&workbook.root).unwrap_or(&path).display().to_string();
        let own = workbook.exercise_path(exercise).join(file);
        let yours = files::read_if_there(&own)?.unwrap_or_default();
        let name = format!("exercises/{}/{}", exercise.directory, file.display());
        let is_stub = Some(yours.as_str()) == pins.stub(file);
        let yours = (!is_stub).then_some((name, yours));
        compared.push(Compared { yours, reference: (shown, reference) });
    }
    reporter.report(Report::Solution(&compared));
    Ok(Exit::Passed)
}
