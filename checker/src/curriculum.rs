//! `exercises/curriculum.toml`: order, titles, claims, points, limits. Loaded and validated.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::{Error, files};

/// Where the curriculum lies in a workbook.
pub const FILE: &str = "exercises/curriculum.toml";

/// The workbook's order of things.
#[derive(Debug, Clone)]
pub struct Curriculum {
    /// The workbook's name.
    pub title: String,
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// The exercises of all parts, in order.
    pub exercises: Vec<Exercise>,
}

/// A part of the workbook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its number, from 1.
    pub number: u32,
    /// Its directory below `exercises/`.
    pub directory: String,
    /// Its title.
    pub title: String,
}

/// An exercise.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Its number, such as 2.3.
    pub number: Number,
    /// Its name, which is its package's name: `semaphore`.
    pub name: String,
    /// Its directory below `exercises/`: `02_locks_and_keys/03_semaphore`.
    pub directory: String,
    /// Its title.
    pub title: String,
    /// The claims of the notes that it puts to the test: `C7`.
    pub claims: Vec<String>,
    /// What it is worth.
    pub points: u32,
    /// The files that the learner edits, relative to the exercise.
    pub edit: Vec<PathBuf>,
    /// The longest time that one test may take before it counts as hung.
    pub test_deadline: Duration,
    /// The most address space that a test may use, in bytes.
    pub address_space: Option<u64>,
    /// The longest time that its compilation may take.
    pub compile_deadline: Duration,
}

/// Part and place of an exercise: 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    /// The part.
    pub part: u32,
    /// The place in the part.
    pub place: u32,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.part, self.place)
    }
}

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (part, place) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(drop);
        Ok(Self { part: number(part)?, place: number(place)? })
    }
}

/// The longest deadline: a day.
const MOST_SECONDS: u64 = 86_400;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    part: Vec<Spanned<Part>>,
    #[serde(default)]
    exercise: Vec<Spanned<WrittenExercise>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenExercise {
    number: Spanned<String>,
    directory: Spanned<String>,
    title: String,
    claims: Vec<String>,
    points: u32,
    edit: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    limits: WrittenLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenLimits {
    test_seconds: u64,
    compile_seconds: u64,
    /// Zero: no limit.
    address_space_mib: u64,
}

impl Default for WrittenLimits {
    fn default() -> Self {
        Self { test_seconds: 30, compile_seconds: 600, address_space_mib: 8192 }
    }
}

impl Curriculum {
    /// Loads and validates the curriculum of the workbook at `root`.
    pub fn load(root: &Path) -> Result<Self, Error> {
        let file = root.join(FILE);
        let text = files::read(&file)?;
        let at = |span: std::ops::Range<usize>, problem: String, remedy: &str| Error::Curriculum {
            file: file.clone(),
            line: text[..span.start].matches('\n').count() + 1,
            problem,
            remedy: remedy.to_owned(),
        };
        let written: Written = toml::from_str(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            at(span, error.message().to_owned(), "exercises/curriculum.toml: see CONTRIBUTING.md")
        })?;
        let mut curriculum =
            Self { title: written.title, parts: Vec::new(), exercises: Vec::new() };
        for part in written.part {
            let span = part.span();
            let part = part.into_inner();
            if curriculum.parts.iter().any(|other| other.number == part.number) {
                let problem = format!("two parts have the number {}", part.number);
                return Err(at(span, problem, "Give each part a number of its own."));
            }
            curriculum.parts.push(part);
        }
        let mut seen = BTreeMap::new();
        for written in written.exercise {
            let written = written.into_inner();
            let span = written.number.span();
            let directory_span = written.directory.span();
            let exercise = Exercise::from_written(&written, &curriculum.parts)
                .map_err(|Wrong { problem, remedy }| at(span.clone(), problem, remedy))?;
            if let Some(other) = seen.insert(exercise.number, exercise.name.clone()) {
                let problem = format!(
                    "`{}` and `{other}` have the same number {}",
                    exercise.name, exercise.number
                );
                return Err(at(span, problem, "Give each exercise a number of its own."));
            }
            if curriculum.exercises.iter().any(|other| other.name == exercise.name) {
                let problem = format!("two exercises have the name `{}`", exercise.name);
                return Err(at(directory_span, problem, "A package name can be used only once."));
            }
            for needed in ["Cargo.toml", "README.md", "hints.md"] {
                if !exercise.path(root).join(needed).is_file() {
                    let missing = format!("exercises/{}/{needed}", exercise.directory);
                    return Err(at(
                        directory_span,
                        format!("{missing} is missing"),
                        "Restore the file (git checkout), or take the exercise out of the curriculum.",
                    ));
                }
            }
            curriculum.exercises.push(exercise);
        }
        curriculum.exercises.sort_by_key(|exercise| exercise.number);
        Ok(curriculum)
    }

    /// The exercises of one part, in order.
    pub fn exercises_of(&self, part: &Part) -> impl Iterator<Item = &Exercise> {
        self.exercises.iter().filter(|exercise| exercise.number.part == part.number)
    }

    /// The exercise with this name (`semaphore`), number (`2.3`) or path.
    pub fn find(&self, asked: &str) -> Result<&Exercise, Error> {
        let trimmed = asked.trim_end_matches('/');
        let by_number = trimmed.parse::<Number>().ok();
        let found = self.exercises.iter().find(|exercise| {
            exercise.name == trimmed
                || Some(exercise.number) == by_number
                || exercise.directory == trimmed
                || Path::new(trimmed).ends_with(&exercise.directory)
                || exercise.directory.rsplit('/').next() == Some(trimmed)
        });
        found.ok_or_else(|| Error::UnknownExercise {
            asked: asked.to_owned(),
            nearest: self.nearest(trimmed),
        })
    }

    fn nearest(&self, asked: &str) -> Vec<String> {
        /// Below this, two names have little more than a few letters in common.
        const ALIKE: f64 = 0.75;
        let mut alike: Vec<(f64, &str)> = self
            .exercises
            .iter()
            .map(|exercise| (strsim::jaro_winkler(asked, &exercise.name), exercise.name.as_str()))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        alike.into_iter().take(2).map(|(_, name)| format!("`{name}`")).collect()
    }
}

impl Exercise {
    /// Its directory in the workbook at `root`.
    pub fn path(&self, root: &Path) -> PathBuf {
        root.join("exercises").join(&self.directory)
    }

    /// The file that the learner edits first, from the workbook's root.
    pub fn main_file(&self) -> PathBuf {
        Path::new("exercises").join(&self.directory).join(&self.edit[0])
    }

    fn from_written(written: &WrittenExercise, parts: &[Part]) -> Result<Self, Wrong> {
        let number: Number = written.number.get_ref().parse().map_err(|()| Wrong {
            problem: format!("`{}` is no exercise number", written.number.get_ref()),
            remedy: "Write PART.PLACE, such as \"2.3\".",
        })?;
        let directory = written.directory.get_ref();
        let part = parts.iter().find(|part| part.number == number.part).ok_or_else(|| Wrong {
            problem: format!("exercise {number} belongs to part {}, which is none", number.part),
            remedy: "Add the part, or correct the number.",
        })?;
        let wrong_directory = |why: String| Wrong {
            problem: format!("`{directory}` {why}"),
            remedy: "An exercise lies in PART_DIRECTORY/NN_name, and NN is its place.",
        };
        let place = directory
            .strip_prefix(&part.directory)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| wrong_directory(format!("is not below `{}`", part.directory)))?;
        let (digits, name) = place
            .split_once('_')
            .ok_or_else(|| wrong_directory("has no number before its name".to_owned()))?;
        if digits.parse() != Ok(number.place) {
            return Err(wrong_directory(format!("does not begin with the place of {number}")));
        }
        if written.edit.is_empty() {
            return Err(Wrong {
                problem: format!("exercise {number} names no file to edit"),
                remedy: "Set `edit` to the file that the learner writes, such as [\"src/lib.rs\"].",
            });
        }
        let limits = &written.limits;
        let seconds = 1..=MOST_SECONDS;
        if !seconds.contains(&limits.test_seconds) || !seconds.contains(&limits.compile_seconds) {
            return Err(Wrong {
                problem: format!("exercise {number} has a limit that is no usable time"),
                remedy: "Set test_seconds and compile_seconds to between 1 and 86400.",
            });
        }
        let mib = limits.address_space_mib;
        Ok(Self {
            number,
            name: name.to_owned(),
            directory: directory.clone(),
            title: written.title.clone(),
            claims: written.claims.clone(),
            points: written.points,
            edit: written.edit.iter().map(|file| file.get_ref().clone()).collect(),
            test_deadline: Duration::from_secs(written.limits.test_seconds),
            compile_deadline: Duration::from_secs(written.limits.compile_seconds),
            address_space: (mib > 0).then_some(mib << 20),
        })
    }
}

/// Something wrong with an entry; the caller knows the line.
struct Wrong {
    problem: String,
    remedy: &'static str,
}
