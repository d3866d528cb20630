//! Submissions, from where they lie: directories, archives, a roster.
//!
//! Nothing is unpacked to disk: of an archive, the files of the exercises are read into memory, within
//! limits. So a name that climbs out, a link or a bomb has nothing to do harm to.

mod archive;
mod directory;
mod roster;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

pub use archive::EXTENSIONS;

use super::taken::{Entry, Sorter, Taken, exercises_root};
use crate::Error;
use crate::curriculum::Curriculum;
use crate::pristine::Pristine;

/// The most entries that a submission may have.
const ENTRIES: usize = 200_000;

/// The most bytes of a submission's exercises together.
const TOTAL_SIZE: u64 = 64 << 20;

/// One student's submission.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submission {
    /// Who handed it in; unique.
    pub student: String,
    /// Where it lies.
    pub origin: PathBuf,
    /// How many days late it came, if a roster says so.
    pub days_late: Option<u32>,
}

impl Submission {
    /// Whether there is one: a roster may name a student who has handed in nothing.
    pub fn is_handed_in(&self) -> bool {
        !self.origin.as_os_str().is_empty()
    }

    /// How many days late it came, as far as is known.
    pub fn days_late(&self) -> u32 {
        self.days_late.unwrap_or(0)
    }
}

/// What was found where submissions were looked for.
#[derive(Debug, Default)]
pub struct Found {
    /// The submissions, in the order of the students.
    pub submissions: Vec<Submission>,
    /// What lay beside them and is none.
    pub passed_over: Vec<PathBuf>,
    /// What else a person should know, each in a sentence.
    pub warnings: Vec<String>,
}

/// A submission that cannot be read, through its own fault: a broken archive, a bomb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

/// The entries of a submission, by path.
type Entries = Vec<(PathBuf, Entry)>;

/// The submissions that the arguments name. `results` is where the results go: in a directory of
/// submissions it is none of them.
pub fn submissions(
    curriculum: &Curriculum,
    arguments: &[PathBuf],
    results: &Path,
) -> Result<Found, Error> {
    let mut found: BTreeMap<String, Submission> = BTreeMap::new();
    let (mut passed_over, mut warnings) = (Vec::new(), Vec::new());
    for argument in arguments {
        let mut of_roster = Vec::new();
        if is_roster(argument) {
            let roster = roster::read(argument)?;
            let is_submission = |path: &Path| holds_exercises(curriculum, path);
            let others = roster::named_by_nobody(&roster.submissions, is_submission);
            let others = others.iter().map(|path| {
                let (path, roster) = (path.display(), argument.display());
                format!("{path} is not graded: no line of {roster} names it")
            });
            warnings.extend(roster.warnings.into_iter().chain(others));
            of_roster = roster.submissions;
        } else {
            of_roster.extend(of_argument(curriculum, argument, results, &mut passed_over)?);
        }
        for mut submission in of_roster {
            // A name is the same in each Unicode form: macOS decomposes what others compose.
            submission.student = normal_form(&submission.student);
            if let Some(other) = found.get(&submission.student) {
                return Err(Error::Refused(format!(
                    "two submissions of `{}`: {} and {}\nRename one, or map them with a roster: \
                     student,submission",
                    submission.student,
                    other.origin.display(),
                    submission.origin.display()
                )));
            }
            found.insert(submission.student.clone(), submission);
        }
    }
    Ok(Found { submissions: found.into_values().collect(), passed_over, warnings })
}

fn of_argument(
    curriculum: &Curriculum,
    argument: &Path,
    results: &Path,
    passed_over: &mut Vec<PathBuf>,
) -> Result<Vec<Submission>, Error> {
    let metadata =
        fs::metadata(argument).map_err(|error| Error::reading(argument)(error).asked_for())?;
    if metadata.is_file() {
        return Ok(vec![of_path(argument).ok_or_else(|| unknown(argument))?]);
    }
    if is_submission(curriculum, argument) {
        return Ok(vec![of_path(argument).ok_or_else(|| unknown(argument))?]);
    }
    let mut submissions = Vec::new();
    let results = fs::canonicalize(results).ok();
    for entry in fs::read_dir(argument).map_err(Error::reading(argument))? {
        let path = entry.map_err(Error::reading(argument))?.path();
        let is_hidden = path.file_name().is_some_and(|it| it.as_encoded_bytes().starts_with(b"."));
        if is_hidden || (results.is_some() && fs::canonicalize(&path).ok() == results) {
            continue;
        }
        match of_path(&path) {
            Some(submission) => submissions.push(submission),
            None => passed_over.push(path),
        }
    }
    passed_over.sort();
    if submissions.is_empty() {
        return Err(unknown(argument));
    }
    Ok(submissions)
}

/// A student's name, composed as far as it goes: a name is the same in each Unicode form.
pub fn normal_form(name: &str) -> String {
    name.nfc().collect()
}

/// Whether a file says whose submissions are where.
fn is_roster(path: &Path) -> bool {
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    is_csv && path.is_file()
}

/// Whether a directory holds one submission, perhaps in a directory of its own.
fn holds_exercises(curriculum: &Curriculum, directory: &Path) -> bool {
    let below = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    is_submission(curriculum, directory)
        || below.into_iter().any(|it| is_submission(curriculum, &it))
}

fn unknown(path: &Path) -> Error {
    Error::Refused(format!(
        "{}: no submission\nExpected a directory with exercises/ in it, an archive ({}), a directory of \
         such, or a roster (.csv)",
        path.display(),
        archive::EXTENSIONS.join(" ")
    ))
}

/// A directory or an archive, named as its student; `None` for other files.
fn of_path(path: &Path) -> Option<Submission> {
    let name = path.file_name()?.to_string_lossy();
    let student = match path.is_dir() {
        true => &*name,
        false => archive::stem(&name)?,
    };
    Some(Submission { student: student.to_owned(), origin: path.to_owned(), days_late: None })
}

/// Whether a directory holds one submission, and not several.
fn is_submission(curriculum: &Curriculum, directory: &Path) -> bool {
    let has = |root: &Path| {
        curriculum.exercises.iter().any(|exercise| root.join(&exercise.directory).is_dir())
    };
    has(directory) || has(&directory.join("exercises"))
}

/// Takes from a submission what counts; an error is the machine's fault.
pub fn take(
    submission: &Submission,
    curriculum: &Curriculum,
    pristine: &BTreeMap<String, Pristine>,
) -> Result<Result<Taken, Unreadable>, Error> {
    if !submission.is_handed_in() {
        return Ok(Err(Unreadable("the roster names none".to_owned())));
    }
    let entries = match fs::metadata(&submission.origin) {
        Ok(metadata) if metadata.is_dir() => directory::read(&submission.origin)?,
        Ok(_) => archive::read(&submission.origin, |path| {
            curriculum.exercises.iter().any(|it| {
                let directory = Path::new(&it.directory);
                // A link may stand in the place of a directory above it.
                let mut above = directory.ancestors().filter(|it| !it.as_os_str().is_empty());
                contains(path, directory) || above.any(|above| path.ends_with(above))
            })
        })?,
        Err(error) => return Err(Error::reading(&submission.origin)(error)),
    };
    Ok(entries.and_then(|entries| sort(entries, curriculum, pristine)))
}

fn sort(
    entries: Entries,
    curriculum: &Curriculum,
    pristine: &BTreeMap<String, Pristine>,
) -> Result<Taken, Unreadable> {
    let mut sorter = Sorter::new(curriculum, pristine);
    let paths = entries.iter().map(|(path, _)| path.as_path());
    let Some(root) = exercises_root(curriculum, paths) else {
        let example = curriculum.exercises.first().map_or("", |it| it.directory.as_str());
        return Err(Unreadable(format!(
            "there is no exercise in it; expected directories like exercises/{example}"
        )));
    };
    for (path, entry) in entries {
        if let Ok(below) = path.strip_prefix(&root) {
            sorter.sort(below, entry);
        }
    }
    Ok(sorter.finish())
}

/// Whether the components of `inner` stand in a row somewhere in `path`.
fn contains(path: &Path, inner: &Path) -> bool {
    let mut rest = path.components();
    loop {
        if rest.as_path().starts_with(inner) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// Counts what is read of a submission, up to its limits.
#[derive(Default)]
struct Budget {
    entries: usize,
    bytes: u64,
}

impl Budget {
    fn entry(&mut self) -> Result<(), Unreadable> {
        self.entries += 1;
        match self.entries > ENTRIES {
            true => Err(Unreadable(format!("it has more than {ENTRIES} entries"))),
            false => Ok(()),
        }
    }

    fn bytes(&mut self, count: usize) -> Result<(), Unreadable> {
        self.bytes += count as u64;
        match self.bytes > TOTAL_SIZE {
            true => {
                Err(Unreadable(format!("its exercises have more than {} MiB", TOTAL_SIZE >> 20)))
            }
            false => Ok(()),
        }
    }
}
