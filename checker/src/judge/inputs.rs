//! Everything that decides a candidate's verdict, by content.
//!
//! File times say nothing: an unpacked submission or a restored backup may be older than the last
//! build. Content decides: [`Inputs`] are read once a judgement, name what was compiled and what was
//! judged, and are read once more before anything is remembered under them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::judge::candidate::{Candidate, GIVEN_LOCK};
use crate::system::files;
use crate::system::hash::{add, hex};
use crate::workbook::TEST_CRATES;
use crate::workbook::curriculum::Exercise;

/// Everything that decides a candidate's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The files that were read.
    files: Vec<PathBuf>,
    /// All but the exercise's own sources.
    surroundings: String,
    programs: String,
    verdict: String,
}

/// The inputs that all exercises of a workspace have in common: the manifest and the lock file, and the crates that
/// tests stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    files: Vec<PathBuf>,
    hash: String,
}

impl Common {
    /// They as they are now.
    pub fn read(workspace: &Path) -> Result<Self, Error> {
        let files = common_files(workspace)?;
        let mut hasher = Sha256::new();
        for path in &files {
            add_file(&mut hasher, workspace, path)?;
        }
        Ok(Self { files, hash: hex(&hasher.finalize()) })
    }
}

impl Inputs {
    /// The inputs as they are now.
    pub fn read(candidate: &Candidate<'_>) -> Result<Self, Error> {
        Self::read_beside(candidate, &Common::read(&candidate.workspace)?)
    }

    /// The inputs of one of several exercises, as they are now beside what all have in common.
    pub fn read_beside(candidate: &Candidate<'_>, common: &Common) -> Result<Self, Error> {
        let files = files_of(candidate)?;
        let sources = Path::new("exercises").join(&candidate.exercise.directory).join("src");
        let (sources, given): (Vec<&PathBuf>, Vec<&PathBuf>) =
            files.iter().partition(|path| path.starts_with(&sources));
        let mut hasher = Sha256::new();
        add(&mut hasher, common.hash.as_bytes());
        for path in given {
            add_file(&mut hasher, &candidate.workspace, path)?;
        }
        for target in candidate.pins.tests.keys() {
            add(&mut hasher, target.as_bytes());
        }
        // What a test counts decides no verdict.
        let exercise = Exercise { groups: Vec::new(), ..candidate.exercise.clone() };
        add(&mut hasher, format!("{exercise:?}").as_bytes());
        add(&mut hasher, checker().as_bytes());
        add(&mut hasher, candidate.settings.in_words(candidate.in_place).as_bytes());
        let surroundings = hex(&hasher.finalize());

        let mut hasher = Sha256::new();
        add(&mut hasher, surroundings.as_bytes());
        for path in sources {
            add_file(&mut hasher, &candidate.workspace, path)?;
        }
        let programs = hex(&hasher.finalize());

        let mut hasher = Sha256::new();
        add(&mut hasher, programs.as_bytes());
        for tests in candidate.pins.tests.values() {
            add(&mut hasher, tests.join(" ").as_bytes());
        }
        let files = files.iter().chain(&common.files);
        let files = files.map(|path| candidate.workspace.join(path)).collect();
        Ok(Self { files, surroundings, programs, verdict: hex(&hasher.finalize()) })
    }

    /// SHA-256 over everything that decides the verdict, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.verdict
    }

    /// SHA-256 over everything that decides what the candidate is compiled to, in hexadecimal. Which of
    /// the tests in a program are expected is not part of it.
    pub fn hash_of_programs(&self) -> &str {
        &self.programs
    }

    /// SHA-256 over what decides how the candidate is compiled, whatever its sources say, in hexadecimal.
    pub fn hash_of_surroundings(&self) -> &str {
        &self.surroundings
    }

    /// Whether a file that the compiler has read goes into the hash.
    pub fn cover(&self, file: &Path) -> bool {
        self.files.iter().any(|known| known == file)
    }

    /// Whether they are now as they were: nobody has saved a file meanwhile.
    pub fn still_hold(&self, candidate: &Candidate<'_>) -> Result<bool, Error> {
        Ok(Self::read(candidate)? == *self)
    }
}

/// The exercise's files that go into the hash, relative to the workspace.
fn files_of(candidate: &Candidate<'_>) -> Result<Vec<PathBuf>, Error> {
    let directory = candidate.directory();
    let exercise = Path::new("exercises").join(&candidate.exercise.directory);
    let mut found = Vec::new();
    for path in files::files_below(&directory)? {
        // Texts for reading decide nothing; neither do extra tests, which are not run.
        let decides = path.starts_with("src")
            || candidate.pins.files.contains_key(&path)
            || path == Path::new("build.rs");
        if decides {
            found.push(exercise.join(path));
        }
    }
    Ok(found)
}

/// Those of the whole workspace.
fn common_files(workspace: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_there = |path: &&str| workspace.join(path).is_file();
    // Where there is a given lock file, cargo cuts the other one to the exercises that happen to be laid.
    let lock = [GIVEN_LOCK, "Cargo.lock"].into_iter().find(is_there);
    let manifest = ["Cargo.toml"].into_iter().filter(is_there);
    let mut found: Vec<PathBuf> = manifest.chain(lock).map(PathBuf::from).collect();
    for directory in TEST_CRATES.map(Path::new) {
        let below = files::files_below(&workspace.join(directory))?;
        found.extend(below.into_iter().map(|path| directory.join(path)));
    }
    Ok(found)
}

fn add_file(hasher: &mut Sha256, directory: &Path, path: &Path) -> Result<(), Error> {
    let file = directory.join(path);
    let bytes = std::fs::read(&file).map_err(Error::reading(&file))?;
    add(hasher, path.as_os_str().as_encoded_bytes());
    add(hasher, &bytes);
    Ok(())
}

/// The checker itself: another one may judge otherwise.
fn checker() -> &'static str {
    static CHECKER: OnceLock<String> = OnceLock::new();
    CHECKER.get_or_init(|| {
        let checker = std::fs::metadata("/proc/self/exe")
            .and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
        format!("{checker:?}")
    })
}
