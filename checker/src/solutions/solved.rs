//! A whole solved workbook: its files, with the references in place of the stubs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::judge::candidate::Sources;
use crate::system::files;
use crate::workbook::Workbook;

use super::Solutions;

/// What says that a directory was made here and may be written anew.
const MARK: &str = ".shopfloor/solved";

/// Writes the workbook's files with these sources, by exercise, in place of the stubs. What was written
/// there before is brought up to date; any other directory that is not empty is refused.
pub fn write_solved(
    workbook: &Workbook,
    to: &Path,
    sources: &BTreeMap<String, Sources>,
) -> Result<(), Error> {
    let is_empty = fs::read_dir(to).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !to.join(MARK).is_file() {
        return Err(Error::Refused(format!(
            "{}: it is not empty, and no solved workbook; name a new directory",
            to.display()
        )));
    }
    files::write_if_different(&to.join(MARK), "Written by `checker solved`.\n")?;
    let mut wanted: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for path in given_files(workbook)? {
        let file = workbook.root.join(&path);
        let bytes = fs::read(&file).map_err(Error::reading(&file))?;
        wanted.insert(path, bytes);
    }
    for exercise in &workbook.curriculum.exercises {
        let directory = Path::new("exercises").join(&exercise.directory);
        for (path, text) in sources.get(&exercise.name).into_iter().flatten() {
            wanted.insert(directory.join(path), text.clone().into_bytes());
        }
    }
    files::remove_others(to, |path| wanted.contains_key(path))?;
    // An unchanged file keeps its time: cargo need not build it again.
    wanted.iter().try_for_each(|(path, bytes)| files::write_if_different(&to.join(path), bytes))
}

/// The reference solutions of all exercises that have one.
pub fn references(workbook: &Workbook) -> Result<BTreeMap<String, Sources>, Error> {
    let mut found = BTreeMap::new();
    for exercise in &workbook.curriculum.exercises {
        let solutions = Solutions::new(workbook, exercise);
        if solutions.are_there() {
            found.insert(exercise.name.clone(), solutions.reference()?);
        }
    }
    Ok(found)
}

/// What a workbook has: all but what is hidden, built, or a solution.
fn given_files(workbook: &Workbook) -> Result<Vec<PathBuf>, Error> {
    let files = files::files_below(&workbook.root)?;
    Ok(files.into_iter().filter(|path| !path.starts_with("solutions")).collect())
}
