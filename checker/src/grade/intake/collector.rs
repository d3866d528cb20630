//! Collects what of an upload counts: the files of the exercises, within limits, and what may be one in
//! the wrong place.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::contents::{Contents, Stray};
use super::names::contains;
use super::renumbered::{Old, under_todays_numbers};
use super::sink::{Kind, Sink};
use super::upload::{Rules, Unreadable};
use crate::Error;
use crate::grade::taken::{Entry, FILE_SIZE};
use crate::workbook::curriculum::Exercise;

/// The most entries that an upload may have, beside those that are passed over.
const ENTRIES: usize = 200_000;

/// The most bytes of an upload's exercises together.
const TOTAL_SIZE: u64 = 64 << 20;

/// What is read of files that may be of interest: the exercises' sources, tests, manifests, outputs.
const READ: [&str; 3] = ["rs", "toml", "snap"];

/// Collects what counts of one upload.
pub(super) struct Collector<'a> {
    rules: &'a Rules<'a>,
    contents: Contents,
    entries: usize,
    bytes: u64,
}

/// What an entry's path makes of it.
enum Interest<'a> {
    /// It lies in the directory of an exercise.
    Exercise,
    /// It stands in the place of a directory above one.
    Above,
    /// It is called like the file that the learner edits, in a directory called like its exercise.
    Work(&'a Exercise),
    /// A manifest says which exercise its directory is.
    Manifest,
    Nothing,
}

impl<'a> Collector<'a> {
    pub(super) fn new(rules: &'a Rules<'a>) -> Self {
        Self { rules, contents: Contents::default(), entries: 0, bytes: 0 }
    }

    pub(super) fn finish(mut self) -> Contents {
        under_todays_numbers(&mut self.contents, self.rules.curriculum);
        self.contents.strays.sort();
        self.contents.strays.dedup_by(|one, other| one.exercise == other.exercise);
        self.contents
    }

    /// Nothing of it counts, for this reason.
    pub(super) fn fail(&mut self, why: String) {
        self.contents.failed.get_or_insert(Unreadable(why));
        self.contents.entries.clear();
    }

    fn interest(&self, path: &Path) -> Interest<'a> {
        let exercises = &self.rules.curriculum.exercises;
        let is_old = || Old::new(self.rules.curriculum, path).is_some();
        if exercises.iter().any(|it| contains(path, Path::new(&it.directory))) || is_old() {
            return Interest::Exercise;
        }
        let is_above = |exercise: &Exercise| {
            let mut above = Path::new(&exercise.directory).ancestors().skip(1);
            above.any(|above| !above.as_os_str().is_empty() && path.ends_with(above))
        };
        if exercises.iter().any(is_above) {
            return Interest::Above;
        }
        if path.file_name().is_some_and(|name| name == "Cargo.toml") {
            return Interest::Manifest;
        }
        let is_work = |exercise: &&Exercise| {
            let numbered = Path::new(&exercise.directory).file_name().unwrap_or_default();
            exercise.edit.iter().any(|edit| {
                path.ends_with(Path::new(&exercise.name).join(edit))
                    || path.ends_with(Path::new(numbered).join(edit))
            })
        };
        exercises.iter().find(is_work).map_or(Interest::Nothing, Interest::Work)
    }

    fn put(&mut self, path: &Path, entry: Entry) {
        if let Entry::File(bytes) = &entry {
            self.bytes += bytes.len() as u64;
            if self.bytes > TOTAL_SIZE {
                return self.fail(format!("its exercises have more than {} MiB", TOTAL_SIZE >> 20));
            }
        }
        // Of two entries with one name the last counts, as for those who unpack.
        self.contents.entries.insert(path.to_owned(), entry);
    }

    fn stray(&mut self, exercise: &str, path: &Path) {
        let (exercise, path) = (exercise.to_owned(), path.to_owned());
        self.contents.strays.push(Stray { exercise, path });
    }

    /// A manifest outside of the exercises' directories: perhaps one of them was renamed.
    fn manifest(&mut self, path: &Path, bytes: &[u8]) {
        let manifest = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        let manifest: toml::Table = manifest.unwrap_or_default();
        let name = manifest.get("package").and_then(|it| it.get("name")?.as_str());
        let mut exercises = self.rules.curriculum.exercises.iter();
        if let Some(exercise) = exercises.find(|it| Some(it.name.as_str()) == name) {
            self.stray(&exercise.name, path.parent().unwrap_or(path));
        }
    }

    fn is_stub(&self, exercise: &Exercise, path: &Path, bytes: &[u8]) -> bool {
        let pins = self.rules.pins.get(&exercise.name);
        let edited = exercise.edit.iter().find(|edit| path.ends_with(edit));
        let (Some(edited), Ok(text)) = (edited, std::str::from_utf8(bytes)) else { return false };
        pins.is_some_and(|pins| pins.is_stub(edited, text))
    }
}

impl Sink for Collector<'_> {
    fn wants(&mut self, path: &Path, kind: &Kind) -> bool {
        if self.contents.failed.is_some() {
            return false;
        }
        self.entries += 1;
        if self.entries > ENTRIES {
            self.fail(format!("it has more than {ENTRIES} entries"));
            return false;
        }
        let interest = self.interest(path);
        let entry = match kind {
            Kind::File => {
                let is_read =
                    path.extension().is_some_and(|it| READ.iter().any(|read| it == *read));
                return is_read && !matches!(interest, Interest::Nothing | Interest::Above);
            }
            Kind::HardLink(to) => match self.contents.entries.get(to) {
                // As whoever unpacks gets it.
                Some(Entry::File(bytes)) => Entry::File(bytes.clone()),
                _ => Entry::HardLink,
            },
            Kind::Link => Entry::Link,
            Kind::Other => Entry::NotRegular,
            Kind::Closed if path.as_os_str().is_empty() => {
                self.fail("its permissions forbid the grader to read it".to_owned());
                return false;
            }
            Kind::Closed => {
                let why = "its permissions forbid the grader to read it".to_owned();
                self.contents.closed.push((path.to_owned(), why));
                Entry::Unreadable
            }
        };
        // A directory that may not be read can lie above all exercises.
        let is_closed = *kind == Kind::Closed;
        if is_closed || matches!(interest, Interest::Exercise | Interest::Above) {
            self.put(path, entry);
        }
        false
    }

    fn opens(&mut self, path: &Path) -> bool {
        // An archive beside the sources of an exercise is not a source.
        self.contents.failed.is_none() && !matches!(self.interest(path), Interest::Exercise)
    }

    fn take(&mut self, path: &Path, content: Result<&mut dyn Read, String>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        let read = content.and_then(|content| {
            let read = content.take(FILE_SIZE + 1).read_to_end(&mut bytes);
            read.map_err(|error| error.to_string())
        });
        let interest = self.interest(path);
        match (interest, read) {
            (Interest::Exercise, Ok(_)) if bytes.len() as u64 > FILE_SIZE => {
                self.put(path, Entry::TooLarge);
            }
            (Interest::Exercise, Ok(_)) => self.put(path, Entry::File(bytes)),
            (Interest::Exercise, Err(_)) => self.put(path, Entry::NotUnpacked),
            (Interest::Manifest, Ok(_)) => self.manifest(path, &bytes),
            (Interest::Work(exercise), Ok(_)) if self.is_stub(exercise, path, &bytes) => {}
            (Interest::Work(exercise), _) => self.stray(&exercise.name, path),
            (Interest::Manifest, Err(_)) | (Interest::Above | Interest::Nothing, _) => {}
        }
        Ok(())
    }

    fn closed(&mut self, path: &Path, why: String) {
        self.contents.closed.push((path.to_owned(), why));
    }
}

/// Shares the entries of a class's archive out to the uploads in it.
pub(super) struct Shared<'a> {
    collectors: Vec<Collector<'a>>,
    /// Which upload a path in the archive belongs to.
    members: HashMap<PathBuf, usize>,
}

impl<'a> Shared<'a> {
    /// One collector for each upload, which has the members that lie at its paths.
    pub(super) fn new(rules: &'a Rules<'a>, uploads: &[&[PathBuf]]) -> Self {
        let members = uploads.iter().enumerate();
        let members =
            members.flat_map(|(nth, paths)| paths.iter().map(move |path| (path.clone(), nth)));
        let collectors = uploads.iter().map(|_| Collector::new(rules)).collect();
        Self { collectors, members: members.collect() }
    }

    pub(super) fn fail_all(&mut self, why: &str) {
        self.collectors.iter_mut().for_each(|collector| collector.fail(why.to_owned()));
    }

    pub(super) fn finish(self) -> Vec<Contents> {
        self.collectors.into_iter().map(Collector::finish).collect()
    }

    fn of(&mut self, path: &Path) -> Option<&mut Collector<'a>> {
        let nth = path.ancestors().find_map(|path| self.members.get(path))?;
        self.collectors.get_mut(*nth)
    }
}

impl Sink for Shared<'_> {
    fn wants(&mut self, path: &Path, kind: &Kind) -> bool {
        self.of(path).is_some_and(|collector| collector.wants(path, kind))
    }

    fn opens(&mut self, path: &Path) -> bool {
        self.of(path).is_some_and(|collector| collector.opens(path))
    }

    fn take(&mut self, path: &Path, content: Result<&mut dyn Read, String>) -> Result<(), Error> {
        self.of(path).map_or(Ok(()), |collector| collector.take(path, content))
    }

    fn closed(&mut self, path: &Path, why: String) {
        if let Some(collector) = self.of(path) {
            collector.closed(path, why);
        }
    }
}
