//! A reference has changed: its known-wrong solutions are carried over, as far as they merge cleanly.

use std::path::Path;
use std::process::Command;

use crate::Error;
use crate::system::files;

use super::{Declaration, Solutions, WrongFile, patch, patch_text};

/// How far back in the history a text is looked for that a patch applies to.
const VERSIONS: &str = "-n50";

/// What became of a patch.
#[derive(Debug, PartialEq, Eq)]
pub enum Rebased {
    /// It applies where it stands.
    Unchanged,
    /// This is the patch now.
    Carried(String),
    /// The reference changed where the patch does; the whole file with both, between conflict markers.
    Conflict(String),
    /// No text is known that it applies to.
    Lost(String),
}

/// Carries a patch over to its base as it is now. The text that it was made from is looked for in git.
pub fn rebase(solutions: &Solutions<'_>, file: &WrongFile) -> Result<Rebased, Error> {
    let declaration = match Declaration::from_file(file) {
        Ok(declaration) => declaration,
        Err(problem) => return Ok(Rebased::Lost(problem)),
    };
    let path = match &declaration.against {
        None => solutions.reference_path(&solutions.exercise.edit[0]),
        Some(name) => solutions.alternative_path(name),
    };
    let Some(base) = files::read_if_there(&path)? else {
        return Ok(Rebased::Lost(format!("{} is not there", path.display())));
    };
    let written = |changed: &str| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        patch_text(&declaration, &name, &base, changed)
    };
    if let Ok(changed) = patch::applied(&base, &file.text) {
        let text = written(&changed);
        return Ok(if text == file.text { Rebased::Unchanged } else { Rebased::Carried(text) });
    }
    for ancestor in versions(&path)? {
        if let Ok(wrong) = patch::applied(&ancestor, &file.text) {
            return Ok(match diffy::merge(&ancestor, &base, &wrong) {
                Ok(changed) => Rebased::Carried(written(&changed)),
                Err(both) => Rebased::Conflict(format!("{}\n{both}", declaration.as_comment())),
            });
        }
    }
    Ok(Rebased::Lost("no version in the history of its base fits it".to_owned()))
}

/// The texts that git knows of a file, the newest first.
fn versions(path: &Path) -> Result<Vec<String>, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let git = |args: &[&str]| {
        let directory = path.parent().unwrap_or(Path::new("."));
        let output = Command::new("git").args(args).current_dir(directory).output();
        let output = output.map_err(|error| Error::Refused(format!("git cannot run: {error}")))?;
        Ok::<_, Error>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let commits = git(&["log", VERSIONS, "--format=%H", "--", &name])?;
    commits.lines().map(|commit| git(&["show", &format!("{commit}:./{name}")])).collect()
}
