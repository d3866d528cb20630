//! The content hash of all that a verdict depends on.
//!
//! File times say nothing: an unpacked submission or a restored backup may be older than the last
//! build. Content decides, here and in [`crate::judge::compile`].

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::judge::candidate::{Candidate, GIVEN_LOCK};
use crate::system::files;
use crate::system::hash::{add, hex};
use crate::workbook::TEST_CRATES;

/// SHA-256 over everything that decides the candidate's verdict, in hexadecimal.
pub fn of(candidate: &Candidate<'_>) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    add(&mut hasher, of_programs(candidate)?.as_bytes());
    for tests in candidate.pins.tests.values() {
        add(&mut hasher, tests.join(" ").as_bytes());
    }
    Ok(hex(&hasher.finalize()))
}

/// SHA-256 over everything that decides what the candidate is compiled to, in hexadecimal. Which of the
/// tests in a program are expected is none of it.
pub fn of_programs(candidate: &Candidate<'_>) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    for path in files(candidate)? {
        add_file(&mut hasher, &candidate.workspace, &path)?;
    }
    for target in candidate.pins.tests.keys() {
        add(&mut hasher, target.as_bytes());
    }
    add(&mut hasher, format!("{:?}", candidate.exercise).as_bytes());
    add(&mut hasher, checker().as_bytes());
    add(&mut hasher, candidate.settings.in_words(candidate.in_place).as_bytes());
    Ok(hex(&hasher.finalize()))
}

/// The files that go into the hash, relative to the workspace.
pub fn files(candidate: &Candidate<'_>) -> Result<Vec<PathBuf>, Error> {
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
    let is_there = |path: &&str| candidate.workspace.join(path).is_file();
    // Where there is a given lock file, cargo cuts the other one to the exercises that happen to be laid.
    let lock = [GIVEN_LOCK, "Cargo.lock"].into_iter().find(is_there);
    found.extend(["Cargo.toml"].into_iter().filter(is_there).chain(lock).map(PathBuf::from));
    for directory in TEST_CRATES.map(Path::new) {
        let below = files::files_below(&candidate.workspace.join(directory))?;
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
