//! What is taken from a submission: an exercise's own sources, and nothing else.
//!
//! A submission may hold anything. What counts are regular files `src/**/*.rs` of the exercises, less
//! those that were given. If one of them cannot be used, its exercise is not judged, and the reason is kept
//! for a person. Everything else that differs from the workbook is noted by name, for a person to look at,
//! and has no effect. No I/O here: [`super::intake`] reads.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::judge::candidate::Sources;
use crate::system::files;
use crate::workbook::curriculum::{Curriculum, Exercise};
use crate::workbook::pins::{NOT_PINNED, Pins};

/// The most bytes of one source file; the largest reference solution has a twentieth of it.
pub const FILE_SIZE: u64 = 256 << 10;

/// The most source files of one exercise.
pub const FILES: usize = 64;

/// What was taken from one submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The sources by exercise; an exercise that the submission lacks is not there.
    pub exercises: BTreeMap<String, Sources>,
    /// Why an exercise cannot be judged as it was handed in, by exercise. None of these is in `exercises`:
    /// what is left of it may be the stub, and would count as not started.
    pub unjudged: BTreeMap<String, Vec<Reason>>,
    /// What has no effect, in the order of the paths.
    pub notes: Vec<Note>,
}

impl Taken {
    /// Leaves an exercise for a person to look at.
    pub fn leave(&mut self, exercise: &str, reason: Reason) {
        self.exercises.remove(exercise);
        let reasons = self.unjudged.entry(exercise.to_owned()).or_default();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

/// Why an exercise is left for a person to look at, in a sentence without its full stop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// One of the learner's own files cannot be used.
    File(Note),
    /// The file that the learner edits is missing or still the stub, and another one was handed in.
    Elsewhere {
        /// The file that the learner edits, as the submission would name it.
        expected: String,
        /// Whether it is there, as it was given.
        is_stub: bool,
        /// The other one.
        found: String,
    },
    /// Something is the matter with the whole submission.
    Submission(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::File(Note { path, why }) => write!(f, "{path} {}", why.in_words()),
            Reason::Elsewhere { expected, is_stub: false, found } => {
                write!(f, "{expected} is missing, but there is {found}")
            }
            Reason::Elsewhere { expected, is_stub: true, found } => {
                write!(f, "{expected} is still the stub, but there is {found}")
            }
            Reason::Submission(what) => write!(f, "{what}"),
        }
    }
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
    /// A FIFO, a device: no regular file.
    NotRegular,
    /// A symbolic link.
    Link,
    /// In an archive, a hard link to another entry.
    HardLink,
    /// Its permissions keep the grader from reading it.
    Unreadable,
    /// Its archive does not give it: it is encrypted, damaged, or packed by a method that is not known.
    NotUnpacked,
    /// It has more than [`FILE_SIZE`] bytes.
    TooLarge,
    /// One file more than [`FILES`].
    TooMany,
    /// Its text is UTF-16.
    Utf16,
    /// It has bytes with the value 0.
    Nul,
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
            Why::Link => "is a symbolic link",
            Why::HardLink => "is a hard link to another file of the archive",
            Why::Unreadable => "has permissions that forbid the grader to read it",
            Why::NotUnpacked => "cannot be taken out of its archive: it is encrypted or damaged",
            Why::TooLarge => "has more than 256 KiB",
            Why::TooMany => "is one file too many: an exercise may have 64",
            Why::Utf16 => "is UTF-16; expected UTF-8",
            Why::Nul => "has NUL bytes; expected text in UTF-8",
            Why::NotText => "is not UTF-8 (Latin-1, perhaps)",
            Why::BadName => "has a name that cannot be used",
        }
    }
}

/// An entry of a submission.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A regular file's bytes.
    File(Vec<u8>),
    /// A regular file that is larger than [`FILE_SIZE`].
    TooLarge,
    /// A FIFO, a device.
    NotRegular,
    /// A symbolic link.
    Link,
    /// In an archive, a hard link to another entry.
    HardLink,
    /// A file or a directory that the grader may not read.
    Unreadable,
    /// A file that cannot be taken out of its archive.
    NotUnpacked,
}

impl Entry {
    /// The text of a source, without a byte order mark.
    fn text(self) -> Result<String, Why> {
        let bytes = match self {
            Entry::File(bytes) => bytes,
            Entry::TooLarge => return Err(Why::TooLarge),
            Entry::NotRegular => return Err(Why::NotRegular),
            Entry::Link => return Err(Why::Link),
            Entry::HardLink => return Err(Why::HardLink),
            Entry::Unreadable => return Err(Why::Unreadable),
            Entry::NotUnpacked => return Err(Why::NotUnpacked),
        };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Why::Utf16);
        }
        if bytes.contains(&0) {
            return Err(Why::Nul);
        }
        let text = String::from_utf8(bytes).map_err(|_| Why::NotText)?;
        Ok(files::plain(text))
    }

    /// Whether a directory may stand, or have stood, in its place.
    fn may_be_a_directory(&self) -> bool {
        !matches!(self, Entry::File(_) | Entry::TooLarge | Entry::NotUnpacked)
    }
}

/// Sorts the entries of a submission into what counts and what does not.
#[derive(Debug)]
pub struct Sorter<'a> {
    curriculum: &'a Curriculum,
    pins: &'a BTreeMap<String, Pins>,
    taken: Taken,
    /// Rust files that may be an exercise's work in the wrong place, by exercise.
    elsewhere: BTreeMap<&'a str, String>,
}

impl<'a> Sorter<'a> {
    /// Sorts by what was given, by exercise.
    pub fn new(curriculum: &'a Curriculum, pins: &'a BTreeMap<String, Pins>) -> Self {
        Self { curriculum, pins, taken: Taken::default(), elsewhere: BTreeMap::new() }
    }

    /// The exercise that a path below `exercises/` belongs to, and the path in it.
    pub fn exercise_of<'p>(&self, path: &'p Path) -> Option<(&'a Exercise, &'p Path)> {
        self.curriculum
            .exercises
            .iter()
            .find_map(|exercise| Some((exercise, path.strip_prefix(&exercise.directory).ok()?)))
    }

    /// Takes the entry at a path below `exercises/`, or keeps why not.
    pub fn sort(&mut self, path: &Path, entry: Entry) {
        let Some((exercise, inner)) = self.exercise_of(path) else {
            return self.sort_above(path, entry);
        };
        if is_litter(inner) {
            return;
        }
        let given = self.pins.get(&exercise.name).and_then(|pins| pins.files.get(inner));
        if !is_own_source(exercise, inner, given.is_some(), &entry) {
            return self.sort_other(exercise, path, given, entry);
        }
        if !is_plain(inner) {
            return self.leave(exercise, path, Why::BadName);
        }
        let text = match entry.text() {
            Ok(text) => text,
            Err(why) => return self.leave(exercise, path, why),
        };
        let sources = self.taken.exercises.entry(exercise.name.clone()).or_default();
        if sources.len() == FILES {
            return self.leave(exercise, path, Why::TooMany);
        }
        sources.insert(inner.to_owned(), text);
        if !exercise.edit.iter().any(|edit| edit == inner) {
            self.elsewhere.entry(&exercise.name).or_insert_with(|| named(path));
        }
    }

    /// A link, or what may not be read, in the place of a directory above exercises.
    fn sort_above(&mut self, path: &Path, entry: Entry) {
        let Err(why) = entry.text() else { return };
        let curriculum = self.curriculum;
        for exercise in &curriculum.exercises {
            if Path::new(&exercise.directory).starts_with(path) {
                self.leave(exercise, path, why);
            }
        }
    }

    /// What is not the learner's own, and has no effect.
    fn sort_other(
        &mut self,
        exercise: &'a Exercise,
        path: &Path,
        given: Option<&String>,
        entry: Entry,
    ) {
        let inner = path.strip_prefix(&exercise.directory).unwrap_or(path);
        let why = match entry {
            _ if !is_plain(inner) => Why::BadName,
            Entry::File(bytes) => match given {
                Some(given) if given.as_bytes() == files::plain_bytes(bytes) => return,
                Some(_) => Why::Edited,
                None => {
                    if may_be_the_work(inner) {
                        self.elsewhere.entry(&exercise.name).or_insert_with(|| named(path));
                    }
                    Why::Foreign
                }
            },
            entry => match entry.text() {
                Ok(_) => return,
                Err(why) => why,
            },
        };
        self.note(path, why);
    }

    /// Leaves an exercise for a person, because of one of its files.
    fn leave(&mut self, exercise: &Exercise, path: &Path, why: Why) {
        self.taken.leave(&exercise.name, Reason::File(Note { path: named(path), why }));
    }

    /// Notes a path that has no effect.
    pub fn note(&mut self, path: &Path, why: Why) {
        self.taken.notes.push(Note { path: named(path), why });
    }

    /// What was taken.
    pub fn finish(mut self) -> Taken {
        for (name, found) in std::mem::take(&mut self.elsewhere) {
            let Some(exercise) = self.curriculum.exercises.iter().find(|it| it.name == name) else {
                continue;
            };
            if let Some((expected, is_stub)) = self.untouched(exercise) {
                let expected = named(&Path::new(&exercise.directory).join(expected));
                self.taken.leave(name, Reason::Elsewhere { expected, is_stub, found });
            }
        }
        // Another file than the first one that cannot be used may have been sorted after it.
        let Taken { exercises, unjudged, notes } = &mut self.taken;
        exercises.retain(|name, _| !unjudged.contains_key(name));
        notes.sort();
        notes.dedup();
        self.taken
    }

    /// Of an exercise of which no file that its learner edits was handed in with another text than the
    /// stub's: the first of these files, and whether it is there.
    fn untouched(&self, exercise: &'a Exercise) -> Option<(&'a Path, bool)> {
        let sources = self.taken.exercises.get(&exercise.name);
        let pins = self.pins.get(&exercise.name);
        let text = |file: &PathBuf| sources.and_then(|sources| sources.get(file));
        let is_touched = |file: &PathBuf| {
            text(file).is_some_and(|text| !pins.is_some_and(|it| it.is_stub(file, text)))
        };
        let first = exercise.edit.first().filter(|_| !exercise.edit.iter().any(is_touched))?;
        Some((first, text(first).is_some()))
    }
}

/// A path below `exercises/`, as a report names it.
fn named(path: &Path) -> String {
    Path::new("exercises").join(path).to_string_lossy().into_owned()
}

/// Whether a file is the learner's own source, or has taken the place of one: of the whole exercise, of
/// `src`, or of a directory in it.
fn is_own_source(exercise: &Exercise, inner: &Path, is_given: bool, entry: &Entry) -> bool {
    let is_rust = inner.extension().is_some_and(|extension| extension == "rs");
    if !is_plain(inner) {
        return is_rust;
    }
    let is_edited = exercise.edit.iter().any(|edit| edit == inner);
    let is_below = inner.starts_with("src") || inner.as_os_str().is_empty();
    let may_hold_one = entry.may_be_a_directory() && inner.extension().is_none();
    is_below && (is_rust || may_hold_one) && (!is_given || is_edited)
}

/// Whether a file that is not part of the exercise may be the learner's work in the wrong place:
/// `lib.rs` beside `src`, but no test of theirs.
fn may_be_the_work(inner: &Path) -> bool {
    let is_rust = inner.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("rs"));
    let is_other = ["tests", "examples", "benches"].iter().any(|it| inner.starts_with(it));
    is_rust && !is_other && inner != Path::new("build.rs")
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
