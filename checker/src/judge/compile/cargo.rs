//! The call of cargo that builds a candidate, and where it builds.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sandbox::{Limits, Program};

use super::progress;
use crate::Error;
use crate::judge::candidate::Candidate;

pub(super) fn cargo(candidate: &Candidate<'_>) -> Result<Program, Error> {
    let mut cargo = if candidate.in_place {
        candidate.settings.cargo_in_place()
    } else {
        candidate.settings.cargo_for_laid()?
    };
    // Integration tests have the package's programs built too, as programs and not as tests.
    let mut args: Vec<OsString> =
        ["test", "--no-run", "--message-format=json"].map(OsString::from).to_vec();
    args.append(&mut cargo.arguments);
    args.push("--manifest-path".into());
    args.push(candidate.directory().join("Cargo.toml").into());
    if candidate.in_place && candidate.workspace.join("Cargo.lock").is_file() {
        args.push("--locked".into());
    }
    for target in candidate.pins.tests.keys() {
        args.extend(["--test".into(), target.into()]);
    }
    // A configuration may send the intermediate files elsewhere, where nobody would forget them.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"] {
        cargo.environment.insert(name.into(), candidate.target.clone().into());
    }
    cargo.environment.insert("CARGO_TERM_COLOR".into(), "never".into());
    if candidate.in_place {
        // Somebody waits for it, and is told how far it is.
        for (name, value) in progress::VARIABLES {
            cargo.environment.insert(name.into(), value.into());
        }
    }
    Ok(Program {
        path: cargo.path,
        args,
        env: cargo.environment.into_iter().collect(),
        directory: cargo.directory,
        limits: limits(candidate, candidate.exercise.compile_deadline),
        copy_of_stderr: None,
        confinement: None,
    })
}

/// Enough for cargo's messages about all crates, and for one long complaint of the compiler's.
pub(super) fn limits(candidate: &Candidate<'_>, wall: Duration) -> Limits {
    let limits = Limits { kept_output: 64 << 20, total_output: 256 << 20, ..Limits::wall(wall) };
    match candidate.confined {
        None => limits,
        Some(_) => Limits {
            file_size: Some(OUTPUT_SIZE),
            address_space: candidate.exercise.address_space,
            ..limits
        },
    }
}

/// The most bytes of one file that a stranger's sources are compiled to; debug information is off, and the
/// largest program of the workbook has a tenth of it.
const OUTPUT_SIZE: u64 = 256 << 20;

/// Where cargo builds the candidate: with a target named, one directory deeper.
pub(super) fn build_directory(candidate: &Candidate<'_>) -> PathBuf {
    let target = candidate.settings.target(candidate.in_place).unwrap_or_default();
    candidate.target.join(target).join("debug")
}

/// Makes cargo look at the package again, whatever the file times say.
///
/// Another cargo that is at work there would miss the files: its lock has to be held meanwhile.
pub(super) fn forget_freshness(candidate: &Candidate<'_>) -> Result<(), Error> {
    let fingerprints = build_directory(candidate).join(".fingerprint");
    for entry in fs::read_dir(fingerprints).into_iter().flatten().flatten() {
        // `name-0123456789abcdef`
        let name = entry.file_name();
        let package = name.to_str().and_then(|name| name.rsplit_once('-'));
        if package.is_some_and(|(package, _)| package == candidate.exercise.name) {
            fs::remove_dir_all(entry.path()).map_err(Error::writing(&entry.path()))?;
        }
    }
    Ok(())
}

pub(crate) fn cargo_failed(candidate: &Candidate<'_>, stderr: &str) -> Error {
    let remedy = if stderr.contains("--locked") {
        "Cargo.lock does not fit the manifests: `git checkout -- Cargo.lock`."
    } else if stderr.contains("failed to download") || stderr.contains("Could not resolve") {
        "cargo needs the network once, to download the crates of this exercise."
    } else if stderr.contains("could not execute process") && stderr.contains("Permission denied") {
        "Programs are run from there: is its file system mounted with noexec?"
    } else {
        "This is not about your code: see what cargo says above, and try `checker doctor`."
    };
    Error::Cargo {
        exercise: candidate.exercise.name.clone(),
        output: stderr.trim_end().to_owned(),
        remedy: remedy.to_owned(),
    }
}
