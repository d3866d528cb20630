//! What the checker remembers of a learner: verdicts, hints given. A readable file.
//!
//! It is written atomically and under a lock, so that two checkers lose nothing of each other's. If it
//! cannot be read it is set aside, never overwritten; if it cannot be written, that is said, and the
//! verdicts stand all the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;
use crate::findings::passing;
use crate::judge::is_final;
use crate::system::files;
use crate::system::lock::Lock;
use crate::verdict::{Judgement, Verdict};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

/// The remembered state of a workbook.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The name of the exercise that was next after the last check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// By the exercise's name, which it keeps when it gets another number.
    #[serde(default)]
    exercises: BTreeMap<String, Entry>,
}

/// What is remembered of one exercise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The numbers of the hints that have been given, in this order. Older checkers knew how many.
    #[serde(default, deserialize_with = "given_hints", skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<usize>,
    /// Whether it has ever passed.
    #[serde(default)]
    pub has_passed: bool,
    /// When the learner's files had been edited that were checked last, in milliseconds since 1970.
    #[serde(default)]
    pub edited: u64,
    /// The content hash that `judgement` belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The last judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// What the compiler warned about in the learner's own files then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The tests that passed when tests ran the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passing: Option<Vec<String>>,
}

fn given_hints<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Count(usize),
        Numbers(Vec<usize>),
    }
    Ok(match Given::deserialize(from)? {
        // Nobody has written more hints for an exercise.
        Given::Count(count) => (1..=count.min(100)).collect(),
        Given::Numbers(numbers) => numbers,
    })
}

/// The state file of a workbook.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The store of a workbook.
    pub fn new(workbook: &Workbook) -> Self {
        Self { path: workbook.state_path().join("progress.toml") }
    }

    /// Loads the progress, with a warning if an unreadable file had to be set aside.
    pub fn load(&self) -> Result<(Progress, Option<String>), Error> {
        let text = match fs::read(&self.path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((Progress::default(), None));
            }
            Err(error) => return Err(Error::reading(&self.path)(error)),
        };
        match toml::from_str::<Progress>(&text) {
            Ok(progress) => Ok((progress.by_name(), None)),
            Err(error) => {
                let aside = free_name(&self.path, "corrupt");
                let warning = match fs::rename(&self.path, &aside) {
                    Ok(()) => format!(
                        "{} cannot be read and was set aside as {}; progress begins anew.\n{}",
                        self.path.display(),
                        aside.display(),
                        error.message()
                    ),
                    Err(cause) => format!(
                        "{} cannot be read ({}) nor set aside ({cause}); progress is not kept.",
                        self.path.display(),
                        error.message()
                    ),
                };
                Ok((Progress::default(), Some(warning)))
            }
        }
    }

    /// Changes the entry of one exercise, with what others have written meanwhile kept.
    pub fn update(&self, exercise: &str, change: impl FnOnce(&mut Entry)) -> Result<(), Error> {
        self.change(|progress| change(progress.exercises.entry(exercise.to_owned()).or_default()))
    }

    /// Remembers what is next, and up to which edits the exercises have been checked. An unchanged state is
    /// not written again.
    pub fn remember_next(&self, next: Option<&str>, edited: &[(&str, u64)]) -> Result<(), Error> {
        let (known, _) = self.load()?;
        let is_known = |(exercise, time): &(&str, u64)| known.entry(exercise).edited == *time;
        if known.next.as_deref() == next && edited.iter().all(is_known) {
            return Ok(());
        }
        self.change(|progress| {
            progress.next = next.map(str::to_owned);
            for (exercise, time) in edited {
                progress.exercises.entry((*exercise).to_owned()).or_default().edited = *time;
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) -> Result<(), Error> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        files::create_directory(directory)?;
        let _lock = Lock::take(&directory.join("progress.lock"))?;
        let (mut progress, _) = self.load()?;
        change(&mut progress);
        let text = toml::to_string_pretty(&progress).expect("progress is plain data");
        let header =
            "# What the checker remembers. Deleting it loses verdicts and hint counts only.\n\n";
        files::write_atomically(&self.path, &format!("{header}{text}"))
    }
}

impl Progress {
    /// The name of the exercise that was next after the last check.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Of the exercises that have ever passed, the one that was edited last.
    pub fn last_passed<'a>(&self, exercises: &'a [Exercise]) -> Option<&'a Exercise> {
        let passed = exercises.iter().filter(|it| self.entry(&it.name).has_passed);
        passed.max_by_key(|it| self.entry(&it.name).edited)
    }

    /// Older checkers knew an exercise by its directory, `02_locks_and_keys/03_semaphore`.
    fn by_name(self) -> Self {
        let mut exercises: BTreeMap<String, Entry> = BTreeMap::new();
        for (key, entry) in self.exercises {
            let kept = exercises.entry(name_of(key)).or_default();
            *kept = Entry {
                hints: if kept.hints.len() > entry.hints.len() {
                    kept.hints.clone()
                } else {
                    entry.hints
                },
                has_passed: kept.has_passed || entry.has_passed,
                ..entry
            };
        }
        Self { next: self.next.map(name_of), exercises }
    }

    /// What is remembered of an exercise.
    pub fn entry(&self, exercise: &str) -> Entry {
        self.exercises.get(exercise).cloned().unwrap_or_default()
    }
}

/// The name of an exercise that is known by its name or its directory.
fn name_of(key: String) -> String {
    let numbered = key.rsplit_once('/').and_then(|(_, place)| place.split_once('_'));
    numbered.map_or_else(|| key.clone(), |(_, name)| name.to_owned())
}

impl Entry {
    /// Remembers a judgement under the hash that it belongs to.
    pub fn remember(
        &mut self,
        fingerprint: Option<String>,
        judgement: &Judgement,
        warnings: &[String],
    ) {
        self.has_passed |= judgement.verdict == Verdict::Passed;
        self.fingerprint = fingerprint;
        self.judgement = Some(judgement.clone());
        self.warnings = warnings.to_vec();
        self.passing = passing(judgement).or(self.passing.take());
    }

    /// The last judgement, if it was of these sources.
    pub fn last(&self, fingerprint: &str) -> Option<&Judgement> {
        self.judgement.as_ref().filter(|_| self.fingerprint.as_deref() == Some(fingerprint))
    }

    /// The judgement for these sources, if it need not be made again.
    pub fn known(&self, fingerprint: &str) -> Option<&Judgement> {
        self.last(fingerprint).filter(|judgement| is_final(judgement))
    }
}

/// `path.word-1`, or the next number that is free.
pub fn free_name(path: &Path, word: &str) -> PathBuf {
    (1..)
        .map(|number| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{word}-{number}"));
            PathBuf::from(name)
        })
        .find(|path| !path.exists())
        .expect("there are more numbers than files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_by_directory_is_found_by_name() {
        let old = "next = \"02_locks/03_semaphore\"\n\
                   [exercises.\"02_locks/02_semaphore\"]\nhas_passed = true\n\
                   [exercises.\"02_locks/03_semaphore\"]\nhints = 3\nedited = 7\n\
                   [exercises.lost_update]\nhints = 1\n";
        let progress = toml::from_str::<Progress>(old).unwrap().by_name();
        assert_eq!(progress.next(), Some("semaphore"));
        let expected =
            Entry { hints: vec![1, 2, 3], has_passed: true, edited: 7, ..Entry::default() };
        assert_eq!(progress.entry("semaphore"), expected, "two numbers in turn are one exercise");
        assert_eq!(progress.entry("lost_update").hints, [1]);
    }
}
