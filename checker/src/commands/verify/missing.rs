//! What an exercise lacks before it is one: texts that nobody has written yet, solutions, its line in the
//! list of exercises. `checker new` leaves these to its author.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::solutions::Solutions;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::{Exercise, FILE, PLACEHOLDER};

/// Texts that are the template's still, in the order in which they are written: first what the reference
/// is written for, and it.
pub(super) fn unwritten(workbook: &Workbook, exercise: &Exercise) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    let written = exercise.claims.iter().chain([&exercise.title]);
    if written.clone().any(|text| text.contains(PLACEHOLDER)) {
        problems
            .push(format!("{FILE}: the title or the claims of `{}` are unwritten", exercise.name));
    }
    let directory = workbook.exercise_path(exercise);
    let mut given = files::files_below(&directory)?;
    given.retain(|path| path != Path::new("hints.md"));
    given.sort_by_key(|path| rank(exercise, path));
    problems.extend(unwritten_of(&directory, "", given));
    let solutions = Solutions::new(workbook, exercise);
    let references = exercise.edit.iter().map(|file| solutions.reference_path(file));
    problems.extend(unwritten_of(solutions.directory(), "reference ", references.collect()));
    Ok(problems)
}

/// What comes after the reference: hints, other solutions, the list of exercises.
pub(super) fn missing(workbook: &Workbook, exercise: &Exercise) -> Result<Vec<String>, Error> {
    let directory = workbook.exercise_path(exercise);
    let mut problems = unwritten_of(&directory, "", vec!["hints.md".into()]);
    let solutions = Solutions::new(workbook, exercise);
    let (alternatives, wrong) = (solutions.alternatives()?.len(), solutions.wrong_files()?.len());
    let at_least = workbook.curriculum.at_least;
    if alternatives < at_least.alternatives {
        problems.push(format!(
            "alternatives/: {alternatives} of at least {} right solutions in other styles",
            at_least.alternatives
        ));
    }
    if wrong < at_least.wrong {
        problems
            .push(format!("wrong/: {wrong} of at least {} known-wrong solutions", at_least.wrong));
    }
    let others = ["alternatives", "wrong"].map(|place| solutions.directory().join(place));
    for place in others {
        let below = files::files_below(&place)?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        problems.extend(unwritten_of(&place, &format!("{name}/"), below));
    }
    let readme = files::read_if_there(&workbook.root.join("README.md"))?;
    problems.extend(readme.and_then(|readme| unlisted(workbook, exercise, &readme)));
    let security = files::read_if_there(&workbook.root.join("docs/security.md"))?;
    if security.is_some_and(|text| !text.contains(&format!("\n| {} |", exercise.name))) {
        problems.push(format!(
            "docs/security.md: the table of which process decides has no row `| {} | targets judged from outside | \
             targets that call the learner's code |`",
            exercise.name
        ));
    }
    Ok(problems)
}

/// What the workbook's README says of its exercises, and this one is not in it.
fn unlisted(workbook: &Workbook, exercise: &Exercise, readme: &str) -> Option<String> {
    const SESSION: &str = "\nShopfloor  ░";
    let count = format!("0 of {} pass", workbook.curriculum.exercises.len());
    if !readme.contains(&format!("`{}`", exercise.name)) {
        Some("the workbook's README.md does not list it".to_owned())
    } else if readme.contains(SESSION) && !readme.contains(&count) {
        Some(format!(
            "the workbook's README.md: the first page of its session does not say `{count}`, with a dot for \
             each exercise"
        ))
    } else {
        None
    }
}

/// A line for each of these files that has a placeholder; `shown` stands before its path in `directory`.
fn unwritten_of(directory: &Path, shown: &str, paths: Vec<PathBuf>) -> Vec<String> {
    let mut problems = Vec::new();
    for path in paths {
        // A missing file is reported elsewhere; a file that is not text has no placeholder.
        let text =
            files::read_if_there(&directory.join(&path)).unwrap_or_default().unwrap_or_default();
        let mut lines = text.lines().zip(1..).filter(|(line, _)| line.contains(PLACEHOLDER));
        let Some((line, number)) = lines.next() else { continue };
        let text =
            line[line.find(PLACEHOLDER).unwrap_or(0)..].trim_end_matches(['"', ')', ',', ';']);
        let more = match lines.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        let path = path.strip_prefix(directory).unwrap_or(&path).display();
        problems.push(format!("{shown}{path}:{number}: {text}{more}"));
    }
    problems
}

/// README, stub, tests, experiment, then the others.
fn rank(exercise: &Exercise, path: &Path) -> usize {
    match path {
        _ if path == Path::new("README.md") => 0,
        _ if exercise.edit.iter().any(|edit| edit == path) => 1,
        _ if path.starts_with("tests") => 2,
        _ if path.starts_with("src") => 3,
        _ => 4,
    }
}
