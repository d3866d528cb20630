//! Which sources are judged, laid on which exercise.
//!
//! One mechanism serves all uses. The learner's own files are judged *in place*. A stub, a reference
//! solution, a known-wrong solution or a submission is *laid* on a pristine copy of the exercise below
//! `target/judge`: in a [`BuildDir`], where cargo builds, or in one of the [`WorkDirs`], where the recipe of
//! such a build compiles it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbox::{End, Layer, Observation};

use crate::Error;
use crate::system::files;
use crate::system::worker_pool::cores;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::workbook::settings::Settings;
use crate::workbook::{TEST_CRATES, Workbook};

/// Sources that can be judged.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The exercise that they claim to solve.
    pub exercise: &'a Exercise,
    /// What the exercise must contain.
    pub pins: &'a Pins,
    /// The root of the cargo workspace that they lie in.
    pub workspace: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    /// Whether these are the learner's own files, in their own workspace.
    pub in_place: bool,
    /// How a stranger's sources are kept from the host; `None` for one's own.
    pub confined: Option<&'a Confined>,
    /// What its build obeys besides the sources.
    pub settings: Arc<Settings>,
    /// What each test has to write in the end; `None` if libtest's word is enough.
    pub seals: Option<&'a Seals>,
    /// How many of its tests run at a time.
    pub tests_at_a_time: usize,
    /// Where programs without code of the candidate's are kept for the next one in the same place.
    pub kept: Option<PathBuf>,
    /// What its tests find in their environment besides what all find there.
    pub env: Vec<(OsString, OsString)>,
}

/// What a test writes when it has run to its end, by its target and name.
pub type Seals = BTreeMap<(String, String), String>;

/// What stands between a stranger's sources and the host, at compile time and at run time.
#[derive(Debug, Clone)]
pub struct Confined {
    /// What the compiler reads besides the sources: itself, and the dependencies that are built.
    pub tools: Vec<PathBuf>,
    /// What has to hold in every run.
    pub layers: BTreeSet<Layer>,
}

impl Confined {
    /// An error, and the machine's fault, if a layer that should have held did not.
    pub(crate) fn check(&self, observation: &Observation) -> Result<(), Error> {
        // A supervisor that was killed or stopped cannot say what held.
        if matches!(observation.end, End::AttackedSupervisor | End::Stopped) {
            return Ok(());
        }
        match self.layers.difference(&observation.layers.held).next() {
            None => Ok(()),
            Some(layer) => {
                let why = observation.layers.missing.get(layer).map_or("", String::as_str);
                Err(Error::Isolation { missing: format!("{layer}: {why}") })
            }
        }
    }
}

impl<'a> Candidate<'a> {
    /// The learner's own files, where they are.
    pub fn in_place(workbook: &Workbook, exercise: &'a Exercise, pins: &'a Pins) -> Self {
        Self {
            exercise,
            pins,
            workspace: workbook.root.clone(),
            target: workbook.target_path(),
            in_place: true,
            confined: None,
            settings: workbook.settings.clone(),
            seals: None,
            tests_at_a_time: cores(),
            kept: None,
            env: Vec::new(),
        }
    }

    /// The exercise's directory.
    pub fn directory(&self) -> PathBuf {
        self.exercise.path(&self.workspace)
    }
}

/// A workspace that foreign sources are laid in and cargo builds in, one exercise at a time.
#[derive(Debug)]
pub struct BuildDir {
    workspace: PathBuf,
    target: PathBuf,
    settings: Arc<Settings>,
}

/// Texts of the files that the learner would edit, by path in the exercise.
pub type Sources = BTreeMap<PathBuf, String>;

/// The workbook's lock file in a build directory, where cargo leaves it alone.
pub(crate) const GIVEN_LOCK: &str = "Cargo.lock.given";

impl BuildDir {
    /// Prepares the build directory `name`: the workspace's manifest and what every exercise depends on.
    pub fn prepare(workbook: &Workbook, name: &str) -> Result<Self, Error> {
        let base = workbook.target_path().join("judge").join(name);
        remove_what_is_closed_to_others(&base)?;
        let workspace = base.join("workbook");
        let mut wanted = BTreeMap::new();
        wanted.insert(PathBuf::from("Cargo.toml"), manifest(&workbook.root)?);
        // cargo cuts the lock file to this workspace: it is laid anew only when the given one changes.
        let given = PathBuf::from(GIVEN_LOCK);
        if let Some(lock) = files::read_if_there(&workbook.root.join("Cargo.lock"))?
            && files::read_if_there(&workspace.join(&given))?.as_deref() != Some(&lock)
        {
            wanted.insert(PathBuf::from("Cargo.lock"), lock.clone());
            wanted.insert(given, lock);
        }
        // The manifest names `sandbox` too, though no exercise uses it.
        for directory in ["checker/sandbox"].into_iter().chain(TEST_CRATES) {
            for path in files::files_below(&workbook.root.join(directory))? {
                let path = Path::new(directory).join(path);
                let text = files::read(&workbook.root.join(&path))?;
                wanted.insert(path, text);
            }
        }
        for (path, text) in &wanted {
            files::write_if_different(&workspace.join(path), text)?;
        }
        files::remove_others(&workspace.join("checker"), |path| {
            wanted.contains_key(&Path::new("checker").join(path))
        })?;
        remove_moved(workbook, &workspace)?;
        let settings = workbook.settings.clone();
        Ok(Self { workspace, target: base.join("target"), settings })
    }

    /// Where cargo builds.
    #[cfg(feature = "grade")]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Lays `sources` on a pristine copy of the exercise.
    pub fn lay<'a>(
        &self,
        exercise: &'a Exercise,
        pins: &'a Pins,
        sources: &Sources,
    ) -> Result<Candidate<'a>, Error> {
        lay(&exercise.path(&self.workspace), pins, sources)?;
        Ok(Candidate {
            exercise,
            pins,
            workspace: self.workspace.clone(),
            target: self.target.clone(),
            in_place: false,
            confined: None,
            settings: self.settings.clone(),
            seals: None,
            tests_at_a_time: cores(),
            kept: None,
            env: Vec::new(),
        })
    }
}

/// Lays `sources` on a copy of the pristine files; whatever else lay there is gone.
fn lay(directory: &Path, pins: &Pins, sources: &Sources) -> Result<(), Error> {
    let mut wanted: BTreeMap<&Path, &str> = BTreeMap::new();
    for (path, text) in pins.files.iter().chain(sources) {
        wanted.insert(path, text);
    }
    for (path, text) in &wanted {
        files::write_if_different(&directory.join(path), text)?;
    }
    files::remove_others(directory, |path| wanted.contains_key(path))
}

/// Places for candidates that are compiled without cargo, beside each other.
#[derive(Debug)]
pub struct WorkDirs {
    base: PathBuf,
    free: Mutex<Vec<usize>>,
    settings: Arc<Settings>,
    /// See [`Candidate::kept`].
    kept: Option<PathBuf>,
}

impl WorkDirs {
    /// As many places as candidates are judged at a time.
    pub fn new(workbook: &Workbook, count: usize) -> Self {
        let base = workbook.target_path().join("judge/work");
        let settings = workbook.settings.clone();
        Self { base, free: Mutex::new((0..count).collect()), settings, kept: None }
    }

    /// The same, for candidates that are trusted: what contains none of their code is compiled once in each place.
    pub fn keeping_programs(self) -> Result<Self, Error> {
        let kept = self.base.with_file_name("kept");
        files::remove_directory(&kept)?;
        Ok(Self { kept: Some(kept), ..self })
    }

    /// A place that nobody uses; nothing of its last user is left there.
    pub fn take(&self) -> Result<WorkDir<'_>, Error> {
        let number = self.free().pop().expect("there are as many work directories as workers");
        let directory = self.base.join(number.to_string());
        let work_dir = WorkDir { work_dirs: self, number, directory };
        work_dir.clear()?;
        Ok(work_dir)
    }

    fn free(&self) -> MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the [`WorkDirs`], empty when it is taken and given back when it is dropped.
#[derive(Debug)]
pub struct WorkDir<'a> {
    work_dirs: &'a WorkDirs,
    number: usize,
    directory: PathBuf,
}

impl WorkDir<'_> {
    /// Lays `sources` on a pristine copy of the exercise.
    pub fn lay<'a>(
        &self,
        exercise: &'a Exercise,
        pins: &'a Pins,
        sources: &Sources,
    ) -> Result<Candidate<'a>, Error> {
        let workspace = self.directory.join("workbook");
        lay(&exercise.path(&workspace), pins, sources)?;
        let target = self.directory.join("target");
        let settings = self.work_dirs.settings.clone();
        Ok(Candidate {
            exercise,
            pins,
            workspace,
            target,
            in_place: false,
            confined: None,
            settings,
            seals: None,
            tests_at_a_time: cores(),
            kept: self.work_dirs.kept.as_ref().map(|kept| kept.join(self.number.to_string())),
            env: Vec::new(),
        })
    }

    fn clear(&self) -> Result<(), Error> {
        files::remove_directory(&self.directory)
    }
}

impl Drop for WorkDir<'_> {
    fn drop(&mut self) {
        // The programs take room; where they cannot be removed, the next user says why.
        let _ = self.clear();
        self.work_dirs.free().push(self.number);
    }
}

/// The workbook's manifest with only those members that a build directory holds.
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
    members.extend(TEST_CRATES.iter().filter(|directory| root.join(directory).is_dir()));
    workspace.insert("members".to_owned(), members.into());
    workspace.remove("default-members");
    Ok(toml::to_string(&manifest).expect("a manifest that was read can be written"))
}

/// What was built with a strict umask, root's programs, which run as another user, could not read: it is
/// built anew.
fn remove_what_is_closed_to_others(base: &Path) -> Result<(), Error> {
    let is_closed = |path: &Path| {
        path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o005 != 0o005)
    };
    if [base.join("target"), base.join("workbook")].iter().any(|path| is_closed(path)) {
        files::remove_directory(base)
    } else {
        Ok(())
    }
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
        files::remove_directory(&exercises.join(member))?;
    }
    Ok(())
}
