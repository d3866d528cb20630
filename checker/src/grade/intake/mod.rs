//! Submissions, from where they lie: what platforms hand out, directories, archives, a roster.
//!
//! ```text
//! PATH → layout → uploads → directory, archive → contents → trees → Taken
//! ```
//!
//! Nothing is unpacked to disk, archives in archives aside: the files of the exercises are read into
//! memory, within limits. So a name that climbs out, a link or a bomb has nothing to do harm to.

mod archive;
mod branches;
mod collector;
mod contents;
mod directory;
mod layout;
mod names;
mod remark;
mod renumbered;
mod roster;
mod sink;
mod trees;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub use archive::{Limits, Reading};
pub use names::EXTENSIONS;
pub use remark::{OtherHolds, Remark};
pub use upload::{Rules, Submission, Unreadable, Upload, normal_form};

use self::archive::Broken;
use self::collector::{Collector, Shared};
use self::contents::Contents;
use self::layout::Looked;
use self::trees::{Chosen, choose};
use self::upload::Place;
use super::csv::csv;
use super::taken::Taken;
use crate::Error;

/// What was found where submissions were looked for.
#[derive(Debug, Default)]
pub struct Found {
    /// The uploads, in the order of the students.
    pub uploads: Vec<Upload>,
    /// What lay beside the uploads and is not one.
    pub passed_over: Vec<PathBuf>,
    /// What else a person should know, each in a sentence.
    pub warnings: Vec<String>,
}

/// An upload that was read.
#[derive(Debug)]
pub struct Intake {
    /// Who, where, how late.
    pub submission: Submission,
    /// The student's name, where the platform says it beside the key.
    pub name: Option<String>,
    /// When, in the platform's words.
    pub handed_in: Option<String>,
    /// The directory in it that the exercises lie in.
    pub tree: Option<String>,
    /// How many such directories there are.
    pub trees: usize,
    /// The exercises that are not as they were given.
    pub work: BTreeSet<String>,
    /// What counts, or why nothing does.
    pub taken: Result<Taken, Unreadable>,
    /// What a person should know.
    pub remarks: Vec<Remark>,
}

/// The uploads that the arguments name. `results` is where the results go: in a directory of submissions
/// it is none of them.
pub fn find(
    rules: &Rules<'_>,
    arguments: &[PathBuf],
    results: Option<&Path>,
) -> Result<Found, Error> {
    let mut found: BTreeMap<String, Upload> = BTreeMap::new();
    let (mut passed_over, mut warnings) = (Vec::new(), Vec::new());
    let results = results.and_then(|results| fs::canonicalize(results).ok());
    for argument in arguments {
        let looked = from_argument(rules, argument, results.as_deref())?;
        passed_over.extend(looked.passed_over);
        warnings.extend(looked.warnings);
        for mut upload in looked.uploads {
            // A name is the same in each Unicode form: macOS decomposes what others compose.
            upload.submission.student = normal_form(&upload.submission.student);
            let student = upload.submission.student.clone();
            if let Some(other) = found.get(&student) {
                return Err(Error::Refused(format!(
                    "two submissions of `{student}`: {} and {}\nRename one, or map them with a roster: \
                     student,submission",
                    other.submission.origin.display(),
                    upload.submission.origin.display()
                )));
            }
            found.insert(student, upload);
        }
    }
    passed_over.sort();
    Ok(Found { uploads: found.into_values().collect(), passed_over, warnings })
}

fn from_argument(
    rules: &Rules<'_>,
    argument: &Path,
    results: Option<&Path>,
) -> Result<Looked, Error> {
    let metadata =
        fs::metadata(argument).map_err(|error| Error::reading(argument)(error).asked_for())?;
    let one = || {
        let upload = from_path(argument).ok_or_else(|| unknown(argument))?;
        Ok(Looked { uploads: vec![upload], ..Looked::default() })
    };
    if metadata.is_file() {
        if is_roster(argument) {
            return by_roster(rules, argument);
        }
        return layout::in_archive(rules, argument)?.map_or_else(one, Ok);
    }
    if layout::is_submission(rules, argument) {
        return one();
    }
    let looked = layout::in_directory(rules, argument, results)?;
    if looked.uploads.is_empty() { Err(unknown(argument)) } else { Ok(looked) }
}

/// Whether a file says whose submissions are where.
fn is_roster(path: &Path) -> bool {
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    is_csv && path.is_file()
}

fn by_roster(rules: &Rules<'_>, path: &Path) -> Result<Looked, Error> {
    let roster = roster::read(path)?;
    let is_submission = |place: &Path| holds_exercises(rules, place);
    let others = roster::named_by_nobody(&roster.submissions, is_submission);
    let others = others.iter().map(|other| {
        let (other, roster) = (other.display(), path.display());
        format!("{other} is not graded: no line of {roster} names it")
    });
    let warnings = roster.warnings.into_iter().chain(others).collect();
    let uploads = roster.submissions.into_iter().map(layout::from_roster).collect();
    Ok(Looked { uploads, warnings, ..Looked::default() })
}

/// Whether a directory holds one submission, perhaps in a directory of its own.
fn holds_exercises(rules: &Rules<'_>, directory: &Path) -> bool {
    let below = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    layout::is_submission(rules, directory)
        || below.into_iter().any(|it| layout::is_submission(rules, &it))
}

fn unknown(path: &Path) -> Error {
    Error::Refused(format!(
        "{}: no submission\nExpected a directory with exercises/ in it, an archive ({}), a directory of \
         such, or a roster (.csv)",
        path.display(),
        EXTENSIONS.join(" ")
    ))
}

/// A directory or an archive, named as its student; `None` for other files.
fn from_path(path: &Path) -> Option<Upload> {
    let name = path.file_name()?.to_string_lossy();
    let student = if path.is_dir() { &*name } else { names::stem(&name)? };
    let (student, origin) = (student.to_owned(), path.to_owned());
    Some(layout::from_roster(Submission { student, origin, days_late: None }))
}

/// Reads the uploads, and takes from each what counts; an error is the machine's fault.
pub fn read(rules: &Rules<'_>, uploads: Vec<Upload>) -> Result<Vec<Intake>, Error> {
    let mut shared = shared_archives(rules, &uploads)?;
    let mut all = Vec::new();
    for (nth, upload) in uploads.into_iter().enumerate() {
        let chosen = match &upload.place {
            Place::Nothing => Chosen::nothing("the roster names none"),
            Place::Missing(why) => Chosen::nothing(why),
            Place::Parts(parts) => {
                let mut chosen = choose(from_parts(rules, parts)?, rules);
                if let [directory] = parts.as_slice()
                    && directory.is_dir()
                {
                    branches::look(rules, directory, &mut chosen)?;
                }
                chosen
            }
            Place::Members { .. } => choose(shared.remove(&nth).unwrap_or_default(), rules),
        };
        all.push(Intake::new(upload, chosen));
    }
    Ok(all)
}

impl Intake {
    fn new(upload: Upload, chosen: Chosen) -> Self {
        let Upload { submission, name, handed_in, mut remarks, .. } = upload;
        let Chosen { root, trees, work, taken, remarks: more } = chosen;
        remarks.extend(more);
        let tree = root.map(|root| trees::shown(&root));
        Self { submission, name, handed_in, tree, trees, work, taken, remarks }
    }
}

/// A roster of what was found, to be edited; paths count from the directory of `roster`.
pub fn roster_of(intakes: &[Intake], roster: &Path) -> Result<String, Error> {
    let directory = roster.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let base = fs::canonicalize(directory).map_err(Error::writing(directory))?;
    let row = |Intake { submission, name, .. }: &Intake| {
        let days_late = submission.days_late.map(|days| days.to_string());
        [
            submission.student.clone(),
            from(&base, &submission.origin).to_string_lossy().into_owned(),
            days_late.unwrap_or_default(),
            name.clone().unwrap_or_default(),
        ]
    };
    let headings = ["student", "submission", "days_late", "name"].map(str::to_owned);
    Ok(csv(std::iter::once(headings).chain(intakes.iter().map(row))))
}

/// A place as seen from a directory, if it lies below it; what lies in an archive has no other name.
fn from(base: &Path, origin: &Path) -> PathBuf {
    let Some(real) = origin.ancestors().find(|above| above.exists()) else {
        return origin.to_owned();
    };
    let rest = origin.strip_prefix(real).unwrap_or(Path::new(""));
    let real = fs::canonicalize(real).unwrap_or_else(|_| real.to_owned());
    let place = real.strip_prefix(base).map(Path::to_owned).unwrap_or(real);
    if rest.as_os_str().is_empty() { place } else { place.join(rest) }
}

/// The contents of all uploads that lie in archives with others: each such archive is read once.
fn shared_archives(
    rules: &Rules<'_>,
    uploads: &[Upload],
) -> Result<BTreeMap<usize, Contents>, Error> {
    // The members of a group have one upload.
    let mut by_archive: BTreeMap<&Path, BTreeMap<&[PathBuf], Vec<usize>>> = BTreeMap::new();
    for (nth, upload) in uploads.iter().enumerate() {
        if let Place::Members { archive, members } = &upload.place {
            by_archive.entry(archive).or_default().entry(members).or_default().push(nth);
        }
    }
    let mut contents = BTreeMap::new();
    for (archive, wanted) in by_archive {
        let (members, numbers): (Vec<&[PathBuf]>, Vec<Vec<usize>>) = wanted.into_iter().unzip();
        let mut shared = Shared::new(rules, &members);
        match rules.reading.archive(archive, Path::new(""), &mut shared) {
            Err(Broken::Machine(error)) => return Err(error),
            Err(Broken::Archive(why)) => {
                shared.fail_all(&format!("{} cannot be read: {why}", archive.display()));
            }
            Ok(()) => {}
        }
        for (numbers, found) in numbers.into_iter().zip(shared.finish()) {
            contents.extend(numbers.into_iter().map(|nth| (nth, found.clone())));
        }
    }
    Ok(contents)
}

/// The contents of directories, archives and files; if there are several, each below its name.
fn from_parts(rules: &Rules<'_>, parts: &[PathBuf]) -> Result<Contents, Error> {
    let mut collector = Collector::new(rules);
    let reading = rules.reading;
    for part in parts {
        let prefix = match parts.len() {
            1 => Path::new(""),
            _ => Path::new(part.file_name().unwrap_or_default()),
        };
        if part.is_dir() {
            reading.walk_directory(part, prefix, &mut collector)?;
        } else if parts.len() > 1 {
            reading.archive_in(part, prefix, &mut collector)?;
        } else if let Err(broken) = reading.archive(part, prefix, &mut collector) {
            match broken {
                Broken::Machine(error) => return Err(error),
                Broken::Archive(why) => {
                    collector.fail(format!("its archive cannot be read: {why}"))
                }
            }
        }
    }
    Ok(collector.finish())
}
