//! The pins: the text of every given file and stub, and the list of tests that must run.
//!
//! They lie in `checker/pins/`, a file for each exercise, and are written by `checker pin`. With
//! them an edited test is noticed and a stub restored, in a clone, in a fork and in an unpacked
//! archive alike.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::system::files;
use crate::system::hash;
use crate::workbook::curriculum::Exercise;
use crate::workbook::edit::{Edit, EditKind};
use crate::workbook::{TEST_CRATES, Workbook};

/// What an exercise looks like before anyone has worked on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The tests that must run, by test target, easiest first.
    pub tests: BTreeMap<String, Vec<String>>,
    /// The text of each file, by its path in the exercise.
    pub files: BTreeMap<PathBuf, String>,
}

/// What the workbook itself looks like: files that decide how every exercise is built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkbookPins {
    /// SHA-256 of each file, by its path in the workbook.
    pub sha256: BTreeMap<PathBuf, String>,
}

/// Texts for reading; they decide nothing.
pub(crate) const NOT_PINNED: [&str; 2] = ["README.md", "hints.md"];

/// Files that cargo and rustup obey without being named by anything.
const OBEYED_UNASKED: [&str; 6] = [
    "build.rs",
    "Cargo.toml",
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// Keys of a cargo configuration that change what is built or run.
const DECIDING_KEYS: [&str; 12] = [
    "runner",
    "rustc",
    "rustc-wrapper",
    "rustc-workspace-wrapper",
    "rustflags",
    "rustdoc",
    "env",
    "patch",
    "profile",
    "source",
    "paths",
    "include",
];

fn pin_path(root: &Path, exercise: &Exercise) -> PathBuf {
    root.join("checker/pins").join(format!("{}.toml", exercise.directory))
}

fn workbook_pins_path(root: &Path) -> PathBuf {
    root.join("checker/pins/workbook.toml")
}

impl Pins {
    /// The pins of an exercise.
    pub fn load(workbook: &Workbook, exercise: &Exercise) -> Result<Self, Error> {
        load(&pin_path(&workbook.root, exercise))
    }

    /// The pins of an exercise; `None` if it was never pinned.
    pub fn load_if_there(workbook: &Workbook, exercise: &Exercise) -> Result<Option<Self>, Error> {
        let is_there = pin_path(&workbook.root, exercise).is_file();
        is_there.then(|| Self::load(workbook, exercise)).transpose()
    }

    /// The pins of all exercises, by the exercises' names.
    pub fn load_all(workbook: &Workbook) -> Result<BTreeMap<String, Self>, Error> {
        let exercises = workbook.curriculum.exercises.iter();
        exercises.map(|it| Ok((it.name.clone(), Self::load(workbook, it)?))).collect()
    }

    /// What the pins would be, from the files as they are; the tests are left as they were given.
    pub fn from_files(
        workbook: &Workbook,
        exercise: &Exercise,
        tests: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, Error> {
        let directory = workbook.exercise_path(exercise);
        let mut pinned = BTreeMap::new();
        for path in files::files_below(&directory)? {
            if !NOT_PINNED.iter().any(|name| path == Path::new(name)) {
                let text = files::read(&directory.join(&path))?;
                pinned.insert(path, text);
            }
        }
        Ok(Self { tests, files: pinned })
    }

    /// Writes the pins.
    pub fn save(&self, workbook: &Workbook, exercise: &Exercise) -> Result<(), Error> {
        save(&pin_path(&workbook.root, exercise), self)
    }

    /// The test targets, easiest first: the one with the exercise's name, and last those that look
    /// closest, at memory orderings and at what the kernel saw.
    pub fn targets<'a>(&'a self, exercise: &'a Exercise) -> Vec<&'a str> {
        const LAST: [&str; 2] = ["orderings", "timeline"];
        let mut targets: Vec<&str> = self.tests.keys().map(String::as_str).collect();
        targets.sort_by_key(|target| (*target != exercise.name, LAST.contains(target)));
        targets
    }

    /// The same files with one test to run; with none, if there is no test of this name.
    pub fn only(&self, name: &str) -> Self {
        let with_test =
            self.tests.iter().filter(|(_, tests)| tests.iter().any(|test| test == name));
        let tests = with_test.map(|(target, _)| (target.clone(), vec![name.to_owned()])).collect();
        Self { tests, files: self.files.clone() }
    }

    /// The reference output of the experiment, where the exercise has one.
    pub fn snapshot(&self) -> Option<&str> {
        self.files.get(Path::new("snapshots/experiment.snap")).map(String::as_str)
    }

    /// The stub of a file that the learner edits.
    pub fn stub(&self, file: &Path) -> Option<&str> {
        self.files.get(file).map(String::as_str)
    }

    /// Whether a file is as it was given, whatever ends its lines.
    pub fn is_stub(&self, file: &Path, text: &str) -> bool {
        self.stub(file) == Some(files::plain(text.to_owned()).as_str())
    }

    /// Whether every file that the learner edits is still the stub.
    pub fn is_untouched(&self, workbook: &Workbook, exercise: &Exercise) -> Result<bool, Error> {
        let directory = workbook.exercise_path(exercise);
        for file in &exercise.edit {
            let now = files::read_if_there(&directory.join(file));
            // A file that is not UTF-8 is not the stub; the compiler will say so.
            if now.ok().flatten().as_deref() != self.stub(file) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The given files that are no longer as they were given.
    pub fn edits(&self, workbook: &Workbook, exercise: &Exercise) -> Result<Vec<Edit>, Error> {
        let directory = workbook.exercise_path(exercise);
        let shown = Path::new("exercises").join(&exercise.directory);
        let mut edits = Vec::new();
        for (path, given) in &self.files {
            if exercise.edit.contains(path) {
                continue;
            }
            let now = given_bytes(&directory.join(path))?;
            edits.extend(
                EditKind::between(given, now.as_deref())
                    .map(|kind| Edit { file: shown.join(path), kind }),
            );
        }
        // From the exercise up to the root, cargo obeys the configuration of each directory.
        for below in shown.ancestors() {
            edits.extend(obeyed_unasked(&workbook.root, below, &self.files, &shown)?);
        }
        Ok(edits)
    }
}

impl WorkbookPins {
    /// The pins of the workbook itself.
    pub fn load(workbook: &Workbook) -> Result<Self, Error> {
        load(&workbook_pins_path(&workbook.root))
    }

    /// What the pins would be, from the files as they are.
    pub fn from_files(workbook: &Workbook) -> Result<Self, Error> {
        let mut paths = vec![PathBuf::from("Cargo.toml")];
        for directory in TEST_CRATES.map(Path::new) {
            let below = files::files_below(&workbook.root.join(directory))?;
            paths.extend(below.into_iter().map(|path| directory.join(path)));
        }
        let mut sha256 = BTreeMap::new();
        for path in paths {
            let text = files::read(&workbook.root.join(&path))?;
            sha256.insert(path, hex_sha256(text.as_bytes()));
        }
        Ok(Self { sha256 })
    }

    /// Writes the pins.
    pub fn save(&self, workbook: &Workbook) -> Result<(), Error> {
        save(&workbook_pins_path(&workbook.root), self)
    }

    /// The files that are no longer as they were given.
    pub fn edits(&self, workbook: &Workbook) -> Result<Vec<Edit>, Error> {
        let mut edits = Vec::new();
        for (path, given) in &self.sha256 {
            let kind = match given_bytes(&workbook.root.join(path))? {
                None => EditKind::Deleted,
                Some(now) if hex_sha256(&now) != *given => EditKind::Changed { line: None },
                Some(_) => continue,
            };
            edits.push(Edit { file: path.clone(), kind });
        }
        Ok(edits)
    }
}

/// What is there of a given file, [plain](files::plain_bytes); `None` if it is not there.
///
/// A file that is there and cannot be read (too many open files, no permission) was not edited.
fn given_bytes(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(files::plain_bytes(bytes))),
        // ELOOP, EISDIR, ENOTDIR: what is there is another thing.
        Err(error) if error.kind() == ErrorKind::NotFound || !path.is_file() => Ok(None),
        Err(error) => Err(Error::reading(path)(error)),
    }
}

/// Files of `directory` (relative to the root) that cargo or rustup obeys and nobody gave.
fn obeyed_unasked(
    root: &Path,
    directory: &Path,
    pinned: &BTreeMap<PathBuf, String>,
    exercise: &Path,
) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    for name in OBEYED_UNASKED {
        let file = directory.join(name);
        let given = file.strip_prefix(exercise).is_ok_and(|path| pinned.contains_key(path));
        let out_of_place = match name {
            // A build.rs counts only beside a Cargo.toml of an exercise.
            "build.rs" => directory != exercise,
            // The root's own is pinned; between it and the exercise one would be another workspace.
            "Cargo.toml" => directory == Path::new(""),
            _ => false,
        };
        if given || out_of_place {
            continue;
        }
        let Some(text) = files::read_if_there(&root.join(&file)).ok().flatten() else {
            continue;
        };
        if !name.starts_with(".cargo") {
            edits.push(Edit { file, kind: EditKind::Added { decides: None } });
        } else if let Some(key) = deciding_key(&text) {
            edits.push(Edit { file, kind: EditKind::Added { decides: Some(key) } });
        }
    }
    Ok(edits)
}

/// The first key of a cargo configuration that changes what is built or run.
fn deciding_key(text: &str) -> Option<String> {
    fn search(table: &toml::Table, path: &str) -> Option<String> {
        table.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if DECIDING_KEYS.contains(&key.as_str()) {
                return Some(path);
            }
            value.as_table().and_then(|table| search(table, &path))
        })
    }
    search(&text.parse::<toml::Table>().ok()?, "")
}

fn hex_sha256(bytes: &[u8]) -> String {
    hash::hex(&Sha256::digest(bytes))
}

fn load<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let wrong = |problem: String| Error::Format {
        path: path.to_owned(),
        problem,
        remedy: "Restore the file (git checkout), or as an author run `checker pin`.".to_owned(),
    };
    let text = files::read_if_there(path)?.ok_or_else(|| wrong("it is missing".to_owned()))?;
    toml::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let text = toml::to_string_pretty(value).expect("pins are plain tables of text");
    let header = "# Written by `checker pin`; see CONTRIBUTING.md. Do not edit.\n\n";
    files::write_atomically(path, &format!("{header}{text}"))
}
