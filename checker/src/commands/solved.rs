//! `checker solved`: a whole solved workbook, for the tools that want to see the solutions in their place.

use std::path::Path;

use crate::report::Reporter;
use crate::solutions::{Solutions, references, write_solved};
use crate::{Error, Exit};

use super::Session;

/// Writes a solved workbook to a directory; with `wrong` (`EXERCISE/NAME`), one with that mistake.
pub fn solved(
    session: &Session,
    to: &Path,
    wrong: Option<&str>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let mut sources = references(workbook)?;
    if sources.is_empty() {
        return Err(Error::Refused("this copy of the workbook has no solutions".to_owned()));
    }
    if let Some(place) = wrong {
        let (exercise, name) = place.rsplit_once('/').ok_or_else(|| {
            Error::Refused(format!("--wrong {place}: expected EXERCISE/NAME, as in pipe/polls"))
        })?;
        let exercise = workbook.curriculum.find(exercise)?;
        let solutions = Solutions::new(workbook, exercise);
        let file = super::wrong::known(&solutions, exercise, name)?;
        let wrong = solutions.wrong(&file)?.map_err(|problem| {
            Error::Refused(format!(
                "{}: {problem}",
                solutions.directory().join(&file.path).display()
            ))
        })?;
        sources.insert(exercise.name.clone(), wrong.sources);
    }
    write_solved(workbook, to, &sources)?;
    reporter.note(&format!("{} is solved", to.display()));
    Ok(Exit::Passed)
}
