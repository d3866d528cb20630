//! Which sources are judged, laid on which exercise.
//!
//! One mechanism serves all uses. The learner's own files are judged *in place*. A stub, a reference
//! solution, a known-wrong solution or a submission is *laid* on a pristine copy of the exercise, in
//! a workspace of its own below `target/judge`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::curriculum::Exercise;
use crate::pristine::Pristine;
use crate::workbook::{UNDER_THE_TESTS, Workbook};
use crate::{Error, files};

/// Sources that can be judged.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The exercise that they claim to solve.
    pub exercise: &'a Exercise,
    /// What the exercise must contain.
    pub pristine: &'a Pristine,
    /// The root of the cargo workspace that they lie in.
    pub workspace: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    /// Whether these are the learner's own files, in their own workspace.
    pub in_place: bool,
}

impl<'a> Candidate<'a> {
    /// The learner's own files, where they are.
    pub fn in_place(workbook: &Workbook, exercise: &'a Exercise, pristine: &'a Pristine) -> Self {
        Self {
            exercise,
            pristine,
            workspace: workbook.root.clone(),
            target: workbook.target_path(),
            in_place: true,
        }
    }

    /// The exercise's directory.
    pub fn directory(&self) -> PathBuf {
        self.exercise.path(&self.workspace)
    }
}

/// A workspace that foreign sources are laid in, one exercise at a time.
#[derive(Debug)]
pub struct Slot {
    workspace: PathBuf,
    target: PathBuf,
}

/// Texts of the files that the learner would edit, by path in the exercise.
pub type Sources = BTreeMap<PathBuf, String>;

impl Slot {
    /// Prepares the slot `name`: the workspace's manifest and what every exercise depends on.
    pub fn prepare(workbook: &Workbook, name: &str) -> Result<Self, Error> {
        let base = workbook.target_path().join("judge").join(name);
        let workspace = base.join("workbook");
        let mut wanted = BTreeMap::new();
        wanted.insert(PathBuf::from("Cargo.toml"), manifest(&workbook.root)?);
        // cargo cuts the lock file to this workspace: it is laid anew only when the given one changes.
        let given = PathBuf::from("Cargo.lock.given");
        if let Some(lock) = files::read_if_there(&workbook.root.join("Cargo.lock"))?
            && files::read_if_there(&workspace.join(&given))?.as_deref() != Some(&lock)
        {
            wanted.insert(PathBuf::from("Cargo.lock"), lock.clone());
            wanted.insert(given, lock);
        }
        for directory in UNDER_THE_TESTS.into_iter().chain(["checker/sandbox"]) {
            for path in files::files_below(&workbook.root.join(directory))? {
                let path = Path::new(directory).join(path);
                let text = files::read(&workbook.root.join(&path))?;
                wanted.insert(path, text);
            }
        }
        for (path, text) in &wanted {
            files::write_if_different(&workspace.join(path), text)?;
        }
        remove_others(&workspace.join("checker"), |path| {
            wanted.contains_key(&Path::new("checker").join(path))
        })?;
        remove_moved(workbook, &workspace)?;
        Ok(Self { workspace, target: base.join("target") })
    }

    /// Lays `sources` on a pristine copy of the exercise.
    pub fn lay<'a>(
        &self,
        exercise: &'a Exercise,
        pristine: &'a Pristine,
        sources: &Sources,
    ) -> Result<Candidate<'a>, Error> {
        let directory = exercise.path(&self.workspace);
        let mut wanted: BTreeMap<&Path, &str> = BTreeMap::new();
        for (path, text) in pristine.files.iter().chain(sources) {
            wanted.insert(path, text);
        }
        for (path, text) in &wanted {
            files::write_if_different(&directory.join(path), text)?;
        }
        remove_others(&directory, |path| wanted.contains_key(path))?;
        Ok(Candidate {
            exercise,
            pristine,
            workspace: self.workspace.clone(),
            target: self.target.clone(),
            in_place: false,
        })
    }
}

/// The texts of an exercise's `edit` files, read from `directory`.
pub fn read_sources(exercise: &Exercise, directory: &Path) -> Result<Sources, Error> {
    let read = |file: &PathBuf| Ok((file.clone(), files::read(&directory.join(file))?));
    exercise.edit.iter().map(read).collect()
}

/// The workbook's manifest with only those members that a slot holds.
fn manifest(root: &Path) -> Result<String, Error> {
    let path = root.join("Cargo.toml");
    let format_error = |problem: String| Error::Format {
        path: path.clone(),
        problem,
        remedy: "Restore it: `git checkout -- Cargo.toml`.".to_owned(),
    };
    let mut manifest: toml::Table = files::read(&path)?
        .parse()
        .map_err(|error: toml::de::Error| format_error(error.to_string()))?;
    let workspace = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut)
        .ok_or_else(|| format_error("there is no [workspace]".to_owned()))?;
    let mut members = vec!["exercises/*/*"];
    members.extend(UNDER_THE_TESTS.into_iter().filter(|crate_| root.join(crate_).is_dir()));
    workspace.insert("members".to_owned(), members.into());
    workspace.remove("default-members");
    Ok(toml::to_string(&manifest).expect("a manifest that was read can be written"))
}

/// An exercise that was moved must not stay a member at its old place.
fn remove_moved(workbook: &Workbook, workspace: &Path) -> Result<(), Error> {
    let exercises = workspace.join("exercises");
    let is_kept = |path: &Path| {
        workbook.curriculum.exercises.iter().any(|kept| path.starts_with(&kept.directory))
    };
    for path in files::files_below(&exercises)?.iter().filter(|path| !is_kept(path)) {
        // cargo takes a directory without a manifest for a member too: it goes as a whole.
        let member: PathBuf = path.components().take(2).collect();
        match fs::remove_dir_all(exercises.join(&member)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::writing(&exercises.join(&member))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_others(directory: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<(), Error> {
    for path in files::files_below(directory)? {
        if !is_wanted(&path) {
            let path = directory.join(path);
            fs::remove_file(&path).map_err(Error::writing(&path))?;
        }
    }
    Ok(())
}
