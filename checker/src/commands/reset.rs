//! `checker reset`: the stub back, or the given files; what was there is kept.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::progress::free_name;
use crate::report::Reporter;
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::workbook::edit::EditKind;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// Restores the stub of an exercise, or with `given` everything but the learner's own files.
pub fn reset(
    session: &Session,
    name: &str,
    given: bool,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercise = workbook.curriculum.find(name)?;
    let pins = Pins::load(workbook, exercise)?;
    let backup = Backup::new(session, exercise);
    let directory = workbook.exercise_path(exercise);
    let mut restored = 0;
    for (path, text) in &pins.files {
        if exercise.edit.contains(path) == given {
            continue;
        }
        let file = directory.join(path);
        let now = match fs::read(&file) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            // Something is there that cannot be kept: it must not be replaced.
            Err(error) => return Err(Error::reading(&file)(error)),
        };
        let is_there = now.is_some();
        if now.map(files::plain_bytes).as_deref() == Some(text.as_bytes()) {
            continue;
        }
        if is_there {
            backup.keep(&file, path)?;
        }
        files::write_atomically(&file, text)?;
        reporter.note(&format!("restored exercises/{}/{}", exercise.directory, path.display()));
        restored += 1;
    }
    if given {
        for edit in pins.edits(workbook, exercise)? {
            if matches!(edit.kind, EditKind::Added { .. }) {
                let file = workbook.root.join(&edit.file);
                backup.keep(&file, &edit.file)?;
                fs::remove_file(&file).map_err(Error::writing(&file))?;
                reporter.note(&format!("moved {} into the backup", edit.file.display()));
                restored += 1;
            }
        }
    }
    if restored == 0 {
        reporter.note("nothing to restore: all is as it was given");
    } else if backup.directory.is_dir() {
        reporter.note(&format!("what was there is kept in {}", backup.directory.display()));
    }
    Ok(Exit::Passed)
}

/// A directory of its own for what one reset takes away.
struct Backup {
    directory: PathBuf,
}

impl Backup {
    fn new(session: &Session, exercise: &Exercise) -> Self {
        let backups = session.workbook.state_path().join("backups");
        Self { directory: free_name(&backups.join(&exercise.name), "reset") }
    }

    fn keep(&self, file: &Path, name: &Path) -> Result<(), Error> {
        let copy = self.directory.join(name);
        let directory = copy.parent().unwrap_or(&self.directory);
        files::create_directory(directory)?;
        fs::copy(file, &copy).map_err(Error::writing(&copy))?;
        Ok(())
    }
}
