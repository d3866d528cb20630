//! How cargo has the compiler called for an exercise, to compile other sources the same way.
//!
//! cargo takes a tenth of a second to find out what to do, lets one build at a time into a target
//! directory, and judges freshness by file times. A recipe is what it found out: the calls of rustc
//! for the exercise's own crates. With another source and another place for the outputs they compile
//! a candidate against the dependencies that were built once, beside any number of others.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sandbox::Program;
use serde::{Deserialize, Serialize};

use super::dep_info;
use crate::Error;
use crate::judge::candidate::Candidate;
use crate::system::files;

/// The calls of the compiler that make an exercise's programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Where the sources lay.
    pub(super) workspace: String,
    /// First the library, which the others link.
    pub(super) calls: Vec<Call>,
}

/// One call of the compiler.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) makes: Product,
    /// The compiler and its arguments.
    pub(super) command: Vec<String>,
    /// The variables that cargo set.
    pub(super) env: Vec<(String, String)>,
}

/// What a call makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Product {
    Library,
    /// The program's name.
    Program(String),
    /// The test's name, and the programs that it was compiled with the paths of.
    Test(String, Vec<String>),
}

/// A variable that cargo has set for the crate, and not one that configures cargo and may be secret.
fn is_of_the_crate(name: &str) -> bool {
    let kinds = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    let names =
        ["CARGO", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR", "OUT_DIR", "LD_LIBRARY_PATH"];
    kinds.iter().any(|kind| name.starts_with(kind)) || names.contains(&name)
}

impl Call {
    /// Reads a call that was recorded; `None` if it is about another crate or makes nothing.
    fn parse(candidate: &Candidate<'_>, recorded: &str) -> Option<Self> {
        let (command, env) = recorded.split_once("\0\0")?;
        let command: Vec<String> = command.split('\0').map(str::to_owned).collect();
        let env: BTreeMap<String, String> = env
            .split_terminator('\0')
            .filter_map(|variable| variable.split_once('='))
            .filter(|(name, _)| is_of_the_crate(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let is_own = env
            .get("CARGO_MANIFEST_DIR")
            .is_some_and(|directory| Path::new(directory) == candidate.directory());
        let source = PathBuf::from(command.iter().find(|arg| arg.ends_with(".rs"))?);
        if !is_own || !command.iter().any(|arg| arg == "--out-dir") {
            return None;
        }
        let mut call = Self { makes: Product::Library, command, env: Vec::new() };
        if call.command.iter().any(|arg| arg == "--test") {
            let name = source.file_stem()?.to_string_lossy().into_owned();
            call.makes = Product::Test(name, call.programs_named());
        } else if let Some(name) = env.get("CARGO_BIN_NAME") {
            call.makes = Product::Program(name.clone());
        }
        call.env = env.into_iter().collect();
        Some(call)
    }

    /// The argument behind `option`.
    pub(super) fn value(&self, option: &str) -> &str {
        let position = self.command.iter().position(|arg| arg == option);
        position.and_then(|index| self.command.get(index + 1)).map_or("", String::as_str)
    }

    /// The name of a program's file as rustc writes it.
    pub(super) fn file_name(&self) -> String {
        let extra = self.command.iter().find_map(|arg| arg.strip_prefix("extra-filename="));
        format!("{}{}", self.value("--crate-name"), extra.unwrap_or_default())
    }

    fn programs_named(&self) -> Vec<String> {
        let dep_info = Path::new(self.value("--out-dir")).join(format!("{}.d", self.file_name()));
        let dep_info = fs::read_to_string(dep_info).unwrap_or_default();
        dep_info::programs_named(&dep_info).into_iter().map(str::to_owned).collect()
    }
}

/// Stands between cargo and the compiler, and writes down each call of it.
pub(super) struct Recorder {
    directory: PathBuf,
}

/// Called by cargo with the compiler and its arguments. That it has a wrapper does not decide where cargo keeps
/// what it builds: without one it finds the same built.
const WRAPPER: &str = r#"#!/bin/sh
# Writes a call of the compiler down, with its environment, and makes it: a call for the package that is asked for.
[ -n "$CARGO_PRIMARY_PACKAGE" ] || exec "$@"
file=$(mktemp "$SHOPFLOOR_CALLS/XXXXXXXXXX") && { printf '%s\0' "$@" '' && env -0; } >"$file"
exec "$@"
"#;

/// The wrapper's file, written if need be.
fn wrapper(directory: &Path) -> Result<PathBuf, Error> {
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITING.lock();
    let path = directory.join("rustc-recorder");
    if files::read_if_there(&path)?.as_deref() != Some(WRAPPER) {
        files::write_atomically(&path, WRAPPER)?;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(Error::writing(&path))?;
    Ok(path)
}

impl Recorder {
    pub(super) fn prepare(candidate: &Candidate<'_>, cargo: &mut Program) -> Result<Self, Error> {
        let base = candidate.target.join("shopfloor");
        let directory = base.join(format!("{}.calls", candidate.exercise.name));
        files::remove_directory(&directory)?;
        fs::create_dir_all(&directory).map_err(Error::writing(&directory))?;
        let wrapper = wrapper(&base)?;
        let variables = [
            // In the place of a cache between cargo and the compiler, which would hide calls.
            ("RUSTC_WRAPPER", wrapper.into_os_string()),
            ("SHOPFLOOR_CALLS", directory.clone().into_os_string()),
        ];
        for (name, value) in variables {
            cargo.env.retain(|(known, _)| known != name);
            cargo.env.push((name.into(), value));
        }
        Ok(Self { directory })
    }

    /// The recipe, once cargo is done; `None` if it made no library, or did not call the compiler.
    pub(super) fn recipe(&self, candidate: &Candidate<'_>) -> Result<Option<Recipe>, Error> {
        let mut calls = Vec::new();
        for path in files::files_below(&self.directory)? {
            calls.extend(Call::parse(candidate, &files::read(&self.directory.join(path))?));
        }
        calls.sort();
        let is_whole = calls.first().is_some_and(|call| call.makes == Product::Library);
        let workspace = candidate.workspace.to_string_lossy().into_owned();
        Ok(is_whole.then_some(Recipe { workspace, calls }))
    }
}

impl Drop for Recorder {
    /// An environment may hold secrets: nothing of it stays.
    fn drop(&mut self) {
        let _ = files::remove_directory(&self.directory);
    }
}
