//! `checker wrong`: authors work with whole files, and known-wrong solutions are kept as differences.

use std::path::Path;

use crate::report::Reporter;
use crate::solutions::{
    Declaration, Rebased, Solutions, WrongFile, patch_text, rebase, without_declaration,
};
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::Session;

/// Prints a known-wrong solution as a whole file, its declaration first.
pub fn show_wrong(
    session: &Session,
    exercise: &str,
    name: &str,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = workbook.curriculum.find(exercise)?;
    let solutions = Solutions::new(workbook, exercise);
    let file = known(&solutions, exercise, name)?;
    if !file.is_patch() {
        reporter.document(&file.text);
        return Ok(Exit::Passed);
    }
    let wrong = solutions.wrong(&file)?.map_err(|problem| refused(&solutions, &file, &problem))?;
    let text = &wrong.sources[&exercise.edit[0]];
    reporter.document(&format!("{}\n{text}", wrong.declaration.as_comment()));
    Ok(Exit::Passed)
}

/// Makes the patch of an edited copy. The copy begins with the declaration, or the patch has one already.
pub fn make_wrong(
    session: &Session,
    exercise: &str,
    name: &str,
    copy: &Path,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = workbook.curriculum.find(exercise)?;
    let solutions = Solutions::new(workbook, exercise);
    let text = files::read(copy).map_err(Error::asked_for)?;
    let declaration = match Declaration::from_source(&text) {
        Ok(declaration) => declaration,
        Err(problem) => solutions
            .wrong_file(name)?
            .and_then(|file| Declaration::from_file(&file).ok())
            .ok_or_else(|| Error::Refused(format!("{}: {problem}\n{EXAMPLE}", copy.display())))?,
    };
    let base = solutions.base(&declaration)?.ok_or_else(|| {
        let against = declaration.against.clone().unwrap_or_default();
        Error::Refused(format!(
            "{}: there is no {}",
            copy.display(),
            solutions.alternative_path(&against).display()
        ))
    })?;
    let changed = without_declaration(&text);
    if changed == base {
        return Err(Error::Refused(format!("{}: it is what it is compared with", copy.display())));
    }
    let edited = &exercise.edit[0];
    let name_of_file = edited.file_name().unwrap_or_default().to_string_lossy();
    let patch = patch_text(&declaration, &name_of_file, &base, changed);
    let path = solutions.patch_path(name);
    files::write_atomically(&path, &patch)?;
    let lines = patch.lines().skip_while(|line| !line.starts_with("--- ")).count();
    reporter.note(&format!("wrote {} ({lines} lines)", path.display()));
    Ok(Exit::Passed)
}

/// Carries all patches of the asked exercises over to their bases as they are now.
pub fn rebase_wrong(
    session: &Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let (mut carried, mut open) = (0, 0);
    for exercise in session.asked(names)? {
        let solutions = Solutions::new(workbook, exercise);
        for file in solutions.wrong_files()?.iter().filter(|file| file.is_patch()) {
            let path = solutions.directory().join(&file.path);
            match rebase(&solutions, file)? {
                Rebased::Unchanged => {}
                Rebased::Carried(text) => {
                    files::write_atomically(&path, &text)?;
                    carried += 1;
                }
                Rebased::Conflict(both) => {
                    let copy = workbook.target_path().join("wrong");
                    let copy = copy.join(&exercise.name).join(format!("{}.rs", file.name));
                    files::write_atomically(&copy, &both)?;
                    reporter.note(&format!(
                        "{}: both changed the same lines. Edit {}, then: \
                         `checker wrong {} {} {}`",
                        path.display(),
                        copy.display(),
                        exercise.name,
                        file.name,
                        copy.display()
                    ));
                    open += 1;
                }
                Rebased::Lost(why) => {
                    reporter.note(&format!("{}: {why}", path.display()));
                    open += 1;
                }
            }
        }
    }
    reporter.note(&format!("{carried} carried over, {open} left to you"));
    Ok(if open == 0 { Exit::Passed } else { Exit::NotPassed })
}

/// The known-wrong solution of this name, or an error that names those there are.
pub(super) fn known(
    solutions: &Solutions<'_>,
    exercise: &Exercise,
    name: &str,
) -> Result<WrongFile, Error> {
    solutions.wrong_file(name)?.ok_or_else(|| {
        let names = solutions.wrong_files().unwrap_or_default();
        let names: Vec<String> = names.into_iter().map(|file| file.name).collect();
        let those = match names.as_slice() {
            [] => "there is none".to_owned(),
            names => format!("there are: {}", names.join(", ")),
        };
        Error::Refused(format!("`{}` has no wrong solution `{name}`; {those}", exercise.name))
    })
}

fn refused(solutions: &Solutions<'_>, file: &WrongFile, problem: &str) -> Error {
    Error::Refused(format!("{}: {problem}", solutions.directory().join(&file.path).display()))
}

/// What a new one must begin with.
const EXAMPLE: &str = "A whole file begins so (then a blank line, then the code):\n\
    //! Misconception: a woken thread has the permit.\n\
    //! Kind: check then act\n\
    //! Caught by: the_name_of_a_test\n\
    //! Message: a phrase of that test's message";
