//! Which platform a directory or an archive comes from, and whose is what in it.
//!
//! A platform is recognised by the names that it gives, or by its list of the submissions. What it did not
//! name is taken as anybody's: a directory or an archive, named as its student.

mod blackboard;
mod canvas;
mod classroom;
mod gradescope;
mod moodle;
mod pieces;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::Broken;
use super::names::{is_archive, is_passed_over, stem};
use super::remark::Remark;
use super::renumbered::has_renumbered;
use super::sink::{Kind, Names, Sink};
use super::trees::roots;
use super::upload::{Place, Rules, Submission, Upload};
use crate::Error;
use crate::system::files;
use pieces::{Item, Piece, Pieces};

/// How many directories a platform puts around its files at most.
const WRAPPERS: usize = 3;

/// The most bytes of a platform's list.
const LIST: u64 = 64 << 20;

/// The platform that gives such names; an error names a list that cannot be read.
fn recognise(
    items: &[Item],
    list: impl FnOnce() -> Result<String, String>,
) -> Result<Option<Pieces>, String> {
    if items.iter().any(|item| item.name == gradescope::METADATA) {
        return gradescope::recognise(items, &list()?).map(Some);
    }
    let by_name = [moodle::recognise, blackboard::recognise, canvas::recognise];
    Ok(by_name.iter().find_map(|recognise| recognise(items)))
}

/// What was found where uploads were looked for.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) uploads: Vec<Upload>,
    pub(super) passed_over: Vec<PathBuf>,
    /// What else a person should know, each in a sentence.
    pub(super) warnings: Vec<String>,
}

/// Where items lie.
enum At<'a> {
    Directory(&'a Path),
    /// In this directory of an archive.
    Archive(&'a Path, &'a Path),
}

impl At<'_> {
    fn origin(&self, item: &Path) -> PathBuf {
        match self {
            At::Directory(directory) => directory.join(item),
            At::Archive(archive, base) => archive.join(base).join(item),
        }
    }

    fn place(&self, items: &[PathBuf]) -> Place {
        match self {
            At::Directory(directory) => {
                Place::Parts(items.iter().map(|item| directory.join(item)).collect())
            }
            At::Archive(archive, base) => Place::Members {
                archive: (*archive).to_owned(),
                members: items.iter().map(|item| base.join(item)).collect(),
            },
        }
    }

    fn upload(&self, student: &str, items: &[PathBuf]) -> Upload {
        let best = items.iter().find(|item| stem(&item.to_string_lossy()).is_some());
        let origin = best.or(items.first()).map(|item| self.origin(item)).unwrap_or_default();
        let submission = Submission { student: student.to_owned(), origin, days_late: None };
        Upload { place: self.place(items), ..Upload::new(submission) }
    }

    /// A directory or an archive, named as its student.
    fn plain(&self, item: &Item, looked: &mut Looked) {
        match item.student() {
            Some(student) => {
                looked.uploads.push(self.upload(student, std::slice::from_ref(&item.path)))
            }
            None => looked.passed_over.push(self.origin(&item.path)),
        }
    }

    /// One upload for each student that the platform names.
    fn platform(&self, pieces: Pieces, looked: &mut Looked) {
        let mut by_student: BTreeMap<String, Vec<(Item, Piece)>> = BTreeMap::new();
        for (item, piece) in pieces.found {
            by_student.entry(piece.student.clone()).or_default().push((item, piece));
        }
        for (student, pieces) in by_student {
            looked.uploads.push(self.joined(&student, pieces));
        }
        for (directory, piece) in pieces.missing {
            let why = format!("there is no {directory}, which {} names", gradescope::METADATA);
            let upload = self.upload(&piece.student, &[PathBuf::from(directory)]);
            looked.uploads.push(Upload {
                place: Place::Missing(why),
                name: piece.name,
                handed_in: piece.handed_in,
                ..upload
            });
        }
    }

    /// What counts of all that a student has uploaded.
    fn joined(&self, student: &str, pieces: Vec<(Item, Piece)>) -> Upload {
        let mut remarks = Vec::new();
        let counts = newest(pieces, &mut remarks);
        let is_receipt = |(_, piece): &&(Item, Piece)| piece.is_receipt;
        let only_receipts = counts.iter().all(|piece| is_receipt(&piece));
        let files = || counts.iter().filter(|piece| only_receipts || !is_receipt(piece));
        // A report, a picture: no exercise is in there.
        let is_read = |item: &Item| item.is_directory || stem(&item.name).is_some();
        let read = files().filter(|(item, _)| is_read(item)).map(|(item, _)| item.path.clone());
        let place = self.place(&read.collect::<Vec<_>>());
        let items: Vec<PathBuf> = files().map(|(item, _)| item.path.clone()).collect();
        let first = counts.first().map(|(_, piece)| piece.clone()).unwrap_or_default();
        remarks.extend(counts.iter().flat_map(|(_, piece)| piece.remarks.clone()));
        remarks.sort();
        remarks.dedup();
        let upload = self.upload(student, &items);
        Upload { name: first.name, handed_in: first.handed_in, remarks, place, ..upload }
    }
}

/// Of several attempts the newest, of several uploads of one file the newest; the others are named.
fn newest(pieces: Vec<(Item, Piece)>, remarks: &mut Vec<Remark>) -> Vec<(Item, Piece)> {
    let is_older = |one: &Piece, other: &Piece| {
        let file = |piece: &Piece| piece.file.clone();
        let newer_file = file(one)
            .zip(file(other))
            .is_some_and(|((name, nth), (other, newer))| name == other && nth < newer);
        one.attempt < other.attempt || (one.attempt == other.attempt && newer_file)
    };
    let newer = |piece: &Piece| {
        let newer = pieces.iter().filter(|(_, other)| is_older(piece, other) && !other.is_receipt);
        newer.max_by_key(|(_, other)| (&other.attempt, &other.file)).map(|(item, _)| &item.name)
    };
    let mut counts = Vec::new();
    for (item, piece) in &pieces {
        match newer(piece) {
            None => counts.push((item.clone(), piece.clone())),
            Some(_) if piece.is_receipt => {}
            Some(by) => {
                remarks.push(Remark::Superseded { file: item.name.clone(), by: by.clone() })
            }
        }
    }
    counts
}

/// The uploads in a directory; the directory of the results is not an upload.
pub(super) fn in_directory(
    rules: &Rules<'_>,
    directory: &Path,
    results: Option<&Path>,
) -> Result<Looked, Error> {
    let items = listing(directory, results).map_err(Error::reading(directory))?;
    let mut looked = Looked::default();
    if let Some(pieces) = from_directory(directory, &items)? {
        let rest = pieces.rest.clone();
        At::Directory(directory).platform(pieces, &mut looked);
        rest.iter().for_each(|item| At::Directory(directory).plain(item, &mut looked));
        return Ok(looked);
    }
    for item in &items {
        // A platform's export, as it is or unpacked, may lie here like a student's upload.
        match below(rules, &directory.join(&item.path), item)? {
            Some(below) => {
                looked.uploads.extend(below.uploads);
                looked.passed_over.extend(below.passed_over);
            }
            None => At::Directory(directory).plain(item, &mut looked),
        }
    }
    Ok(looked)
}

/// The uploads that a platform has put into a directory or a zip.
fn below(rules: &Rules<'_>, path: &Path, item: &Item) -> Result<Option<Looked>, Error> {
    if item.is_directory {
        platform_below(path)
    } else if item.name.to_ascii_lowercase().ends_with(".zip") {
        platform_in(rules, path)
    } else {
        // To know the names in a compressed tar, all of it would have to be unpacked.
        Ok(None)
    }
}

fn platform_below(directory: &Path) -> Result<Option<Looked>, Error> {
    let mut directory = directory.to_owned();
    for _ in 0..WRAPPERS {
        let Ok(items) = listing(&directory, None) else { return Ok(None) };
        if let Some(pieces) = from_directory(&directory, &items)? {
            let (at, mut looked) = (At::Directory(&directory), Looked::default());
            pieces.rest.iter().for_each(|item| at.plain(item, &mut looked));
            at.platform(pieces, &mut looked);
            return Ok(Some(looked));
        }
        match items.as_slice() {
            [item] if item.is_directory => directory.push(&item.path),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn from_directory(directory: &Path, items: &[Item]) -> Result<Option<Pieces>, Error> {
    let list = directory.join(gradescope::METADATA);
    let read = || match files::read_regular(&list, LIST) {
        Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Ok(None) => Err("it is no regular file of a bearable size".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let pieces = recognise(items, read).map_err(|problem| wrong_list(&list, &problem))?;
    Ok(pieces.or_else(|| classroom::recognise(directory, items)))
}

fn wrong_list(list: &Path, problem: &str) -> Error {
    Error::Format {
        path: list.to_owned(),
        problem: format!("it is not the list of a Gradescope export: {problem}"),
        remedy:
            "Export the submissions again, or remove this file and name the students in a roster."
                .to_owned(),
    }
}

/// The uploads in an archive that holds those of a platform.
fn platform_in(rules: &Rules<'_>, archive: &Path) -> Result<Option<Looked>, Error> {
    let Some(names) = names(rules, archive)? else { return Ok(None) };
    let mut base = PathBuf::new();
    for _ in 0..WRAPPERS {
        let items = items_in(&names, &base);
        let list = base.join(gradescope::METADATA);
        let pieces = recognise(&items, || one_file(rules, archive, &list));
        let pieces = pieces.map_err(|problem| wrong_list(&archive.join(&list), &problem))?;
        if let Some(pieces) = pieces {
            let (at, mut looked) = (At::Archive(archive, &base), Looked::default());
            pieces.rest.iter().for_each(|item| at.plain(item, &mut looked));
            at.platform(pieces, &mut looked);
            return Ok(Some(looked));
        }
        match items.as_slice() {
            [item] if item.is_directory => base.push(&item.path),
            _ => break,
        }
    }
    Ok(None)
}

/// The uploads in an archive that was named: a platform's, several students', or one student's.
pub(super) fn in_archive(rules: &Rules<'_>, archive: &Path) -> Result<Option<Looked>, Error> {
    if let Some(looked) = platform_in(rules, archive)? {
        return Ok(Some(looked));
    }
    let Some(names) = names(rules, archive)? else { return Ok(None) };
    let mut base = PathBuf::new();
    let mut items = items_in(&names, &base);
    while let [item] = items.as_slice()
        && item.is_directory
    {
        base.push(&item.path);
        items = items_in(&names, &base);
    }
    let roots = roots(rules.curriculum, names.iter().map(PathBuf::as_path));
    let holds_one = |item: &Item| {
        let path = base.join(&item.path);
        is_archive(&path) || roots.iter().any(|root| root.starts_with(&path))
    };
    let uploads = items.iter().filter(|item| holds_one(item)).count();
    let is_one = roots.contains(&base) || roots.contains(&base.join("exercises"));
    if uploads < 2 || is_one {
        return Ok(None);
    }
    let mut looked = Looked::default();
    items.iter().for_each(|item| At::Archive(archive, &base).plain(item, &mut looked));
    Ok(Some(looked))
}

/// The names of the files in an archive; `None` if it cannot be read.
fn names(rules: &Rules<'_>, archive: &Path) -> Result<Option<BTreeSet<PathBuf>>, Error> {
    let mut names = Names::default();
    match rules.reading.archive(archive, Path::new(""), &mut names) {
        Err(Broken::Machine(error)) => Err(error),
        Err(Broken::Archive(_)) => Ok(None),
        Ok(()) => Ok(Some(names.0)),
    }
}

/// What lies in a directory of an archive.
fn items_in(names: &BTreeSet<PathBuf>, base: &Path) -> Vec<Item> {
    let mut items: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for below in names.iter().filter_map(|name| name.strip_prefix(base).ok()) {
        let mut components = below.components();
        if let Some(first) = components.next() {
            let is_directory = components.next().is_some();
            *items.entry(PathBuf::from(first.as_os_str())).or_default() |= is_directory;
        }
    }
    items.into_iter().map(|(path, is_directory)| Item::new(&path, is_directory)).collect()
}

/// The text of one file in an archive.
fn one_file(rules: &Rules<'_>, archive: &Path, path: &Path) -> Result<String, String> {
    let mut one = One { path, text: None };
    match rules.reading.archive(archive, Path::new(""), &mut one) {
        Err(Broken::Archive(why)) => Err(why),
        Err(Broken::Machine(error)) => Err(error.to_string()),
        Ok(()) => one.text.unwrap_or_else(|| Err("it is not there".to_owned())),
    }
}

/// Reads one file, and nothing else.
struct One<'a> {
    path: &'a Path,
    text: Option<Result<String, String>>,
}

impl Sink for One<'_> {
    fn wants(&mut self, path: &Path, kind: &Kind) -> bool {
        *kind == Kind::File && path == self.path
    }

    fn opens(&mut self, _: &Path) -> bool {
        false
    }

    fn take(&mut self, _: &Path, content: Result<&mut dyn Read, String>) -> Result<(), Error> {
        self.text = Some(content.and_then(|content| {
            let mut text = String::new();
            let read = content.take(LIST).read_to_string(&mut text);
            read.map(|_| text).map_err(|error| error.to_string())
        }));
        Ok(())
    }

    fn closed(&mut self, _: &Path, _: String) {}
}

/// What lies in a directory, in order. Hidden files and the results are no uploads.
fn listing(directory: &Path, results: Option<&Path>) -> std::io::Result<Vec<Item>> {
    let mut items = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let is_results = results.is_some() && fs::canonicalize(&path).ok().as_deref() == results;
        let is_hidden = is_passed_over(&name) && name != "target";
        if !is_results && !is_hidden {
            // Links are followed here: an instructor has made them.
            items.push(Item::new(Path::new(&name), path.is_dir()));
        }
    }
    items.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(items)
}

/// Whether a directory holds one submission, and not several.
pub(super) fn is_submission(rules: &Rules<'_>, directory: &Path) -> bool {
    let has = |root: &Path| {
        let mut exercises = rules.curriculum.exercises.iter();
        exercises.any(|exercise| root.join(&exercise.directory).is_dir())
            || has_renumbered(rules.curriculum, root)
    };
    has(directory) || has(&directory.join("exercises"))
}

/// Whether something lies there: a file, a directory, or perhaps an entry of an archive.
pub(super) fn is_there(origin: &Path) -> bool {
    origin.ancestors().any(Path::is_file) || origin.exists()
}

/// The upload at a place that a roster names; what lies in an archive is named by a path through it.
pub(super) fn from_roster(submission: Submission) -> Upload {
    let origin = submission.origin.clone();
    let mut archives = origin.ancestors().skip(1);
    let place = match archives.find(|above| above.is_file()) {
        _ if origin.as_os_str().is_empty() => Place::Nothing,
        Some(archive) if !origin.exists() => Place::Members {
            archive: archive.to_owned(),
            members: vec![origin.strip_prefix(archive).unwrap_or(&origin).to_owned()],
        },
        _ => Place::Parts(vec![origin]),
    };
    Upload { place, ..Upload::new(submission) }
}
