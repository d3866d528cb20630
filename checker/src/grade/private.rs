//! Private tests: further targets of tests that students do not have.
//!
//! ```text
//! DIR/semaphore/exam.rs          a test target `exam` of the exercise
//! DIR/semaphore/common/mod.rs    what its targets include
//! ```
//!
//! They are laid into `tests/` of the pristine copy. Which tests they have is kept beside the results, so that a
//! scheme can name them; their text is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sandbox::Stop;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::judge::candidate::{BuildDir, Sources};
use crate::judge::compile::compile_stub;
use crate::judge::listed::{listed_tests, target_of};
use crate::system::{files, hash};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

/// What is kept of them in the directory of the results.
pub const FILE: &str = "private.toml";

/// The files of the private tests.
#[derive(Debug)]
pub struct Private {
    /// SHA-256 of all of them.
    sha256: String,
    /// By the exercise's name and the path in the exercise.
    files: BTreeMap<String, BTreeMap<PathBuf, String>>,
}

/// Which private tests there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateTests {
    /// SHA-256 of their files.
    pub sha256: String,
    /// By exercise and target.
    pub tests: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Private {
    /// The private tests in `directory`; an error names what cannot be used.
    pub fn load(workbook: &Workbook, directory: &Path) -> Result<Self, Error> {
        let refused = |problem: String| {
            Err(Error::Refused(format!(
                "{}: {problem}\nPrivate tests lie in {}/EXERCISE/TARGET.rs",
                directory.display(),
                directory.display()
            )))
        };
        if !directory.is_dir() {
            return refused("it is no directory".to_owned());
        }
        let mut all: BTreeMap<String, BTreeMap<PathBuf, String>> = BTreeMap::new();
        let mut hasher = Sha256::new();
        for path in files::files_below(directory)? {
            let mut parts = path.components();
            let first = PathBuf::from_iter(parts.next());
            let below = parts.as_path();
            if below.as_os_str().is_empty() {
                // A note beside the exercises.
                continue;
            }
            let exercise = match workbook.curriculum.find(&first.to_string_lossy()) {
                Ok(exercise) => exercise,
                Err(error) => return refused(error.to_string()),
            };
            let pins = Pins::load(workbook, exercise)?;
            let place = Path::new("tests").join(below);
            if pins.files.contains_key(&place) {
                let name = &exercise.name;
                return refused(format!("`{name}` has a file {} of its own", place.display()));
            }
            let text = files::read(&directory.join(&path))?;
            hash::add(&mut hasher, exercise.name.as_bytes());
            hash::add(&mut hasher, place.as_os_str().as_encoded_bytes());
            hash::add(&mut hasher, text.as_bytes());
            all.entry(exercise.name.clone()).or_default().insert(place, text);
        }
        let has_no_target =
            |files: &BTreeMap<PathBuf, String>| files.keys().all(|path| target_of(path).is_none());
        match all.iter().find(|(_, files)| has_no_target(files)) {
            Some((name, _)) => refused(format!("there is no test target for `{name}`")),
            None if all.is_empty() => refused("there are no tests".to_owned()),
            None => Ok(Self { sha256: hash::hex(&hasher.finalize()), files: all }),
        }
    }

    /// The pins of all exercises with the private tests in them, and which tests those are. The stubs are
    /// built for it.
    pub fn laid(
        &self,
        workbook: &Workbook,
        build_dir: &BuildDir,
        stop: &Stop,
    ) -> Result<(BTreeMap<String, Pins>, PrivateTests), Error> {
        let mut pins = Pins::load_all(workbook)?;
        let mut private = PrivateTests { sha256: self.sha256.clone(), tests: BTreeMap::new() };
        for (name, files) in &self.files {
            let exercise = workbook.curriculum.find(name)?;
            let own = pins.get_mut(name).expect("every exercise has pins");
            let tests = add(exercise, files, own, build_dir, stop)?;
            private.tests.insert(name.clone(), tests);
        }
        Ok((pins, private))
    }
}

/// Adds the files and their tests to the pins of an exercise; returns these tests.
fn add(
    exercise: &Exercise,
    files: &BTreeMap<PathBuf, String>,
    pins: &mut Pins,
    build_dir: &BuildDir,
    stop: &Stop,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let targets: Vec<String> = files.keys().filter_map(|path| target_of(path)).collect();
    pins.files.extend(files.clone());
    pins.tests.extend(targets.iter().map(|target| (target.clone(), Vec::new())));
    let mut listed = {
        let candidate = build_dir.lay(exercise, pins, &Sources::new())?;
        let (programs, _) = compile_stub(&candidate, stop)?;
        listed_tests(&candidate, &programs, stop)?
    };
    listed.retain(|target, _| targets.contains(target));
    if let Some(empty) = targets.iter().find(|it| listed.get(*it).is_none_or(Vec::is_empty)) {
        return Err(Error::Refused(format!(
            "the private target `{empty}` of `{}` lists no test",
            exercise.name
        )));
    }
    pins.tests.extend(listed.clone());
    Ok(listed)
}

impl PrivateTests {
    /// What is kept in the directory of the results, if they were found with private tests.
    pub fn load(directory: &Path) -> Result<Option<Self>, Error> {
        let path = directory.join(FILE);
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let wrong = |error: toml::de::Error| Error::Format {
            path,
            problem: error.to_string(),
            remedy: "`checker grade --private` writes it.".to_owned(),
        };
        toml::from_str(&text).map(Some).map_err(wrong)
    }

    /// Keeps them in the directory of the results.
    pub fn save(&self, directory: &Path) -> Result<(), Error> {
        files::create_directory(directory)?;
        let text = toml::to_string(self).expect("names are plain text");
        files::write_atomically(&directory.join(FILE), &text)
    }

    /// Target and name of each of an exercise.
    pub fn of(&self, exercise: &str) -> impl Iterator<Item = (&str, &str)> {
        let targets = self.tests.get(exercise).into_iter().flatten();
        targets
            .flat_map(|(target, tests)| tests.iter().map(|test| (target.as_str(), test.as_str())))
    }
}
