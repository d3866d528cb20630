//! Exercises that have another number now than when they were handed out: they are known by their names.
//!
//! An exercise lies in `PART/NN_name`. When the workbook gives it another number, uploads still have it in the
//! old directory. Its files count as if they lay in the new one. If both are there, or two old ones, a person
//! has to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::contents::{Contents, Stray};
use crate::workbook::curriculum::{Curriculum, Exercise};

/// A path in the directory that an exercise had under another number.
#[derive(Debug)]
pub(super) struct Old<'a> {
    pub(super) exercise: &'a Exercise,
    /// What the parts lie in.
    root: PathBuf,
    /// The exercise's directory, from the root of the upload.
    directory: PathBuf,
    /// The path in that directory.
    inner: PathBuf,
}

impl<'a> Old<'a> {
    /// Of this path, if it is one.
    pub(super) fn new(curriculum: &'a Curriculum, path: &Path) -> Option<Self> {
        let parts: Vec<Component<'_>> = path.components().collect();
        let name = |at: usize| parts.get(at)?.as_os_str().to_str();
        (0..parts.len().saturating_sub(1)).find_map(|at| {
            if !is_part(curriculum, name(at)?) {
                return None;
            }
            let called = without_number(name(at + 1)?)?;
            let exercise = curriculum.exercises.iter().find(|it| it.name == called)?;
            let directory: PathBuf = parts[..at + 2].iter().collect();
            let is_old = !directory.ends_with(&exercise.directory);
            is_old.then(|| Self {
                exercise,
                root: parts[..at].iter().collect(),
                directory,
                inner: parts[at + 2..].iter().collect(),
            })
        })
    }

    /// Where it lies by the number of today.
    fn today(&self) -> PathBuf {
        let directory = self.root.join(&self.exercise.directory);
        // An empty `inner` would end the path with a slash.
        directory.components().chain(self.inner.components()).collect()
    }
}

/// Whether a directory is called like a part, whatever its number.
fn is_part(curriculum: &Curriculum, name: &str) -> bool {
    let called = without_number(name);
    let mut parts = curriculum.parts.iter();
    called.is_some() && parts.any(|part| without_number(&part.directory) == called)
}

/// Whether an exercise lies in this directory under an old number.
pub(super) fn has_renumbered(curriculum: &Curriculum, root: &Path) -> bool {
    let names = |directory: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().into()).collect()
    };
    let is_part = |name: &PathBuf| name.to_str().is_some_and(|name| is_part(curriculum, name));
    let mut parts = names(root).into_iter().filter(is_part);
    parts.any(|part| {
        let below = names(&root.join(&part));
        below.iter().any(|name| Old::new(curriculum, &part.join(name)).is_some())
    })
}

/// `03_semaphore` is `semaphore`.
fn without_number(name: &str) -> Option<&str> {
    let (digits, name) = name.split_once('_')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(name)
}

/// Gives the entries the paths that the curriculum of today has for them.
pub(super) fn under_todays_numbers(contents: &mut Contents, curriculum: &Curriculum) {
    let mut olds: BTreeMap<(PathBuf, &str), BTreeSet<PathBuf>> = BTreeMap::new();
    for old in contents.entries.keys().filter_map(|path| Old::new(curriculum, path)) {
        let directories = olds.entry((old.root, &old.exercise.name)).or_default();
        directories.insert(old.directory);
    }
    if olds.is_empty() {
        return;
    }
    let entries = std::mem::take(&mut contents.entries);
    let is_there = |directory: &Path| entries.keys().any(|path| path.starts_with(directory));
    let mut unclear = BTreeSet::new();
    for ((root, name), directories) in &olds {
        let exercise = curriculum.exercises.iter().find(|it| it.name == **name);
        let today = exercise.map(|it| root.join(&it.directory));
        if directories.len() > 1 || today.is_some_and(|today| is_there(&today)) {
            unclear.extend(directories.iter().cloned());
            let stray = |path: &PathBuf| Stray { exercise: (*name).to_owned(), path: path.clone() };
            contents.strays.extend(directories.iter().map(stray));
        }
    }
    for (path, entry) in entries {
        match Old::new(curriculum, &path) {
            Some(old) if unclear.contains(&old.directory) => {}
            Some(old) => drop(contents.entries.insert(old.today(), entry)),
            None => drop(contents.entries.insert(path, entry)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::taken::Entry;

    /// The paths of an upload as they count, and what lies where it does not belong.
    fn counted(paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let miniature = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/miniature");
        let curriculum = Curriculum::load(&miniature).unwrap();
        let entry = |path: &&str| (PathBuf::from(path), Entry::File(Vec::new()));
        let mut contents =
            Contents { entries: paths.iter().map(entry).collect(), ..Contents::default() };
        under_todays_numbers(&mut contents, &curriculum);
        let shown = |path: &PathBuf| path.display().to_string();
        let strays = contents.strays.iter().map(|stray| shown(&stray.path)).collect();
        (contents.entries.keys().map(shown).collect(), strays)
    }

    #[test]
    fn an_old_directory_counts_as_that_of_today() {
        let (paths, strays) = counted(&[
            "fork/exercises/01_part/01_answer/src/lib.rs",
            "fork/exercises/01_part/07_next",
            "fork/exercises/01_part/07_next/src/lib.rs",
            "fork/exercises/04_part/9_answer.rs",
            "fork/exercises/ada/02_next/src/lib.rs",
        ]);
        let expected = [
            "fork/exercises/01_part/01_answer/src/lib.rs",
            "fork/exercises/01_part/02_next",
            "fork/exercises/01_part/02_next/src/lib.rs",
            "fork/exercises/04_part/9_answer.rs",
            "fork/exercises/ada/02_next/src/lib.rs",
        ];
        assert_eq!((paths, strays), (expected.map(str::to_owned).to_vec(), Vec::new()));
    }

    #[test]
    fn of_two_directories_of_one_exercise_the_old_one_is_for_a_person() {
        let today = "exercises/01_part/01_answer/src/lib.rs";
        let (paths, strays) = counted(&[today, "exercises/01_part/05_answer/src/lib.rs"]);
        assert_eq!(
            (paths, strays),
            (vec![today.into()], vec!["exercises/01_part/05_answer".into()])
        );
        let two = ["exercises/01_part/05_answer/a.rs", "exercises/01_part/06_answer/a.rs"];
        assert_eq!(counted(&two), (Vec::new(), two.map(|it| it.replace("/a.rs", "")).to_vec()));
        // Another tree is another upload's matter.
        let (paths, _) = counted(&["a/01_part/01_answer/a.rs", "b/01_part/05_answer/a.rs"]);
        assert_eq!(paths, ["a/01_part/01_answer/a.rs", "b/01_part/01_answer/a.rs"]);
    }
}
