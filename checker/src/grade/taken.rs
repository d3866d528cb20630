//! What is taken from a submission: an exercise's own sources, and nothing else.
//!
//! A submission may hold anything. What counts are regular files `src/**/*.rs` of the exercises, less
//! those that were given. Everything else that differs from the workbook is noted by name, for a person
//! to look at, and has no effect. No I/O here: [`super::intake`] reads.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::candidate::Sources;
use crate::curriculum::{Curriculum, Exercise};
use crate::files;
use crate::pristine::{NOT_PINNED, Pristine};

/// The most bytes of one source file; the largest reference solution has a twentieth of it.
pub const FILE_SIZE: u64 = 256 << 10;

/// The most source files of one exercise.
pub const FILES: usize = 64;

/// What was taken from one submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The sources by exercise; an exercise that the submission lacks is not there.
    pub exercises: BTreeMap<String, Sources>,
    /// What has no effect, in the order of the paths.
    pub notes: Vec<Note>,
}

/// Something in a submission that has no effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// The file, as the submission names it.
    pub path: String,
    /// Why it has none.
    pub why: Why,
}

/// Why a file has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A given file (a test, a manifest, the experiment) with another text.
    Edited,
    /// It is not part of the exercise.
    Foreign,
    /// A link, a FIFO, a device: no regular file.
    NotRegular,
    /// It has more than [`FILE_SIZE`] bytes.
    TooLarge,
    /// One file more than [`FILES`].
    TooMany,
    /// Its text is not UTF-8.
    NotText,
    /// Its name climbs out, is absolute, or is not UTF-8.
    BadName,
}

impl Why {
    /// A few words for a report.
    pub fn in_words(self) -> &'static str {
        match self {
            Why::Edited => "differs from the given file",
            Why::Foreign => "is not part of the exercise",
            Why::NotRegular => "is not a regular file",
            Why::TooLarge => "is too large",
            Why::TooMany => "is one file too many",
            Why::NotText => "is not UTF-8",
            Why::BadName => "has a name that cannot be used",
        }
    }
}

/// An entry of a submission.
#[derive(Debug)]
pub enum Entry {
    /// A regular file's bytes.
    File(Vec<u8>),
    /// A regular file that is larger than [`FILE_SIZE`].
    TooLarge,
    /// Something else than a file or a directory.
    NotRegular,
}

/// Sorts the entries of a submission into what counts and what does not.
#[derive(Debug)]
pub struct Sorter<'a> {
    curriculum: &'a Curriculum,
    pristine: &'a BTreeMap<String, Pristine>,
    taken: Taken,
}

impl<'a> Sorter<'a> {
    /// Sorts by what was given, by exercise.
    pub fn new(curriculum: &'a Curriculum, pristine: &'a BTreeMap<String, Pristine>) -> Self {
        Self { curriculum, pristine, taken: Taken::default() }
    }

    /// The exercise that a path below `exercises/` belongs to, and the path in it.
    pub fn exercise_of<'p>(&self, path: &'p Path) -> Option<(&'a Exercise, &'p Path)> {
        self.curriculum
            .exercises
            .iter()
            .find_map(|exercise| Some((exercise, path.strip_prefix(&exercise.directory).ok()?)))
    }

    /// Whether anything but the name of this path below `exercises/` matters.
    pub fn is_of_interest(&self, path: &Path) -> bool {
        self.exercise_of(path).is_some_and(|(_, inner)| !is_litter(inner))
    }

    /// Takes the entry at a path below `exercises/`, or notes why not.
    pub fn sort(&mut self, path: &Path, entry: Entry) {
        let Some((exercise, inner)) = self.exercise_of(path) else { return };
        if is_litter(inner) {
            return;
        }
        if !is_plain(inner) {
            return self.note(path, Why::BadName);
        }
        let given =
            self.pristine.get(&exercise.name).and_then(|pristine| pristine.files.get(inner));
        let is_own_source = inner.starts_with("src")
            && inner.extension().is_some_and(|extension| extension == "rs")
            && (given.is_none() || exercise.edit.iter().any(|edit| edit == inner));
        let bytes = match entry {
            Entry::NotRegular => return self.note(path, Why::NotRegular),
            Entry::TooLarge => return self.note(path, Why::TooLarge),
            // Line ends and a byte order mark make no other text.
            Entry::File(bytes) => files::plain_bytes(bytes),
        };
        if !is_own_source {
            return match given {
                Some(given) if given.as_bytes() == bytes => {}
                Some(_) => self.note(path, Why::Edited),
                None => self.note(path, Why::Foreign),
            };
        }
        let Ok(text) = String::from_utf8(bytes) else { return self.note(path, Why::NotText) };
        let sources = self.taken.exercises.entry(exercise.name.clone()).or_default();
        if sources.len() == FILES {
            return self.note(path, Why::TooMany);
        }
        sources.insert(inner.to_owned(), text);
    }

    /// Notes a path that has no effect.
    pub fn note(&mut self, path: &Path, why: Why) {
        let path = Path::new("exercises").join(path).to_string_lossy().into_owned();
        self.taken.notes.push(Note { path, why });
    }

    /// What was taken.
    pub fn finish(mut self) -> Taken {
        // An exercise without the files that its learner edits was not handed in.
        let edited = |name: &str| {
            let exercise = self.curriculum.exercises.iter().find(|it| it.name == name);
            exercise.map_or([].as_slice(), |exercise| exercise.edit.as_slice())
        };
        self.taken
            .exercises
            .retain(|name, sources| edited(name).iter().any(|file| sources.contains_key(file)));
        self.taken.notes.sort();
        self.taken.notes.dedup();
        self.taken
    }
}

/// Texts for reading, and what tools leave behind: nobody need look at it.
fn is_litter(inner: &Path) -> bool {
    if NOT_PINNED.iter().any(|name| inner == Path::new(name)) {
        return true;
    }
    inner.components().any(|component| {
        let name = component.as_os_str().to_string_lossy();
        name == "target" || (name.starts_with('.') && name != "..")
    })
}

fn is_plain(path: &Path) -> bool {
    path.to_str().is_some()
        && path.components().all(|component| matches!(component, Component::Normal(_)))
}

/// The directory that the exercises lie in, among the paths of a whole submission.
///
/// A submission may be a fork (`exercises/…`), an upload of one in a directory of its own
/// (`name-main/exercises/…`), or only the exercises (`02_locks_and_keys/…`).
pub fn exercises_root<'p>(
    curriculum: &Curriculum,
    paths: impl Iterator<Item = &'p Path>,
) -> Option<PathBuf> {
    let mut roots: Vec<PathBuf> = paths
        .filter_map(|path| {
            let mut root = PathBuf::new();
            let mut rest = path.components();
            loop {
                let below = rest.as_path();
                if curriculum.exercises.iter().any(|it| below.starts_with(&it.directory)) {
                    return Some(root);
                }
                match rest.next()? {
                    Component::Normal(name) => root.push(name),
                    Component::CurDir => {}
                    _ => return None,
                }
            }
        })
        .filter(|root| !root.ends_with("solutions"))
        .collect();
    // The directory that is called so; among several the one that lies highest.
    roots.sort_by_key(|root| {
        (!root.ends_with("exercises"), root.components().count(), root.clone())
    });
    roots.into_iter().next()
}
