//! What was built from what, and by which calls of the compiler, kept beside the build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::compiled::Programs;
use super::recipe::Recipe;
use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;
use crate::system::files;

/// What was built from what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    sources: String,
    surroundings: String,
    programs: Programs,
    /// Of each program: someone else may have built in the same place since.
    files: Stamps,
    /// Of all that the programs were linked with.
    dependencies: Stamps,
}

/// Sizes and times of files.
type Stamps = BTreeMap<PathBuf, (u64, SystemTime)>;

impl Record {
    pub(super) fn path(candidate: &Candidate<'_>) -> PathBuf {
        candidate.target.join("shopfloor").join(format!("{}.json", candidate.exercise.name))
    }

    pub(super) fn new(inputs: &Inputs, programs: &Programs, dependencies: &[PathBuf]) -> Self {
        Self {
            sources: inputs.hash_of_programs().to_owned(),
            surroundings: inputs.hash_of_surroundings().to_owned(),
            files: stamps(programs.tests.values().chain(programs.programs.values())),
            programs: programs.clone(),
            dependencies: stamps(dependencies),
        }
    }

    /// The same build, of other sources.
    pub(super) fn renewed(&self, inputs: &Inputs, programs: &Programs) -> Self {
        let dependencies = self.dependencies.clone();
        Self { dependencies, ..Self::new(inputs, programs, &[]) }
    }

    /// A record that cannot be read counts as missing: cargo is asked again.
    pub(super) fn load(path: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string(self).expect("a record is plain data");
        files::write_atomically(path, &text)
    }

    /// The programs, if they are what these inputs are compiled to.
    pub(super) fn valid_for(&self, inputs: &Inputs) -> Option<&Programs> {
        let is_of_these = self.sources == inputs.hash_of_programs();
        (is_of_these && are_unchanged(&self.files)).then_some(&self.programs)
    }

    /// How the exercise is compiled, if nothing but its own sources has changed.
    pub(super) fn recipe_for(&self, inputs: &Inputs) -> Option<&Recipe> {
        let is_as_it_was =
            self.surroundings == inputs.hash_of_surroundings() && are_unchanged(&self.dependencies);
        self.programs.recipe.as_ref().filter(|_| is_as_it_was)
    }
}

fn stamps<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Stamps {
    paths.into_iter().filter_map(|path| Some((path.clone(), stamp(path)?))).collect()
}

fn are_unchanged(stamps: &Stamps) -> bool {
    stamps.iter().all(|(path, known)| stamp(path).as_ref() == Some(known))
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_or_removed_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| directory.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "as it was").unwrap());
        let known = stamps(&paths);
        assert!(are_unchanged(&known));
        fs::write(&paths[1], "another text").unwrap();
        assert!(!are_unchanged(&known));
        let known = stamps(&paths);
        fs::remove_file(&paths[0]).unwrap();
        assert!(!are_unchanged(&known));
    }
}
