//! Compiling: cargo with JSON messages, to test programs or to diagnostics.
//!
//! Where many sources are laid on the same exercise, one after the other, cargo builds the stub and
//! everything that it depends on, and the [`Recipe`] of that build compiles the others.
//!
//! cargo judges freshness by file times. Sources that are older than the last build and yet different
//! (an unpacked upload, a restored backup) would be taken as fresh, and the previous program would
//! run. So a record of what was built from what lies beside the build, and where it does not fit, the
//! package's fingerprints are removed before cargo looks.

mod dep_info;
mod locks;
mod messages;
mod recipe;
mod record;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::{End, Limits, Program, Stop};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::event::{Silent, Sink};
use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;
use crate::system::lock::Lock;
use crate::verdict::Place;
use locks::Locks;
use messages::Messages;
pub use recipe::{Recipe, Wanted};
use record::Record;

/// What compiling came to.
#[derive(Debug)]
pub enum Compiled {
    /// Programs that can be run.
    Programs(Programs),
    /// The compiler's complaints, the first error first.
    Errors(Vec<Diagnostic>),
    /// The compiler did not come to an end.
    Endless,
    /// The compiler failed and named no place in the code: it crashed, the linker failed, or the machine
    /// has no room.
    Unclear(Unclear),
}

/// A failure of the compiler that may be the code's or the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// How it ended: `it exited with code 101`.
    pub ended: String,
    /// What it said on the way, perhaps nothing.
    pub errors: Vec<Diagnostic>,
    /// Its standard error.
    pub stderr: String,
}

impl Unclear {
    /// As the machine's failure.
    pub fn into_error(&self, candidate: &Candidate<'_>) -> Error {
        cargo_failed(candidate, &format!("{}\n{}", self.ended, self.stderr))
    }
}

/// The programs that were built, and what the compiler warned about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// Test programs by target.
    pub tests: BTreeMap<String, PathBuf>,
    /// Other programs by name.
    pub programs: BTreeMap<String, PathBuf>,
    /// Warnings about the exercise, as the compiler prints them.
    pub warnings: Vec<String>,
    /// Whether all that the compiler read goes into the content hash. Where it does not (a link, a
    /// file outside of `src`), the same hash may stand for another text tomorrow.
    pub known_by_hash: bool,
    /// How they were made; `None` for the learner's own, which cargo builds every time.
    pub recipe: Option<Recipe>,
}

/// One error of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// As the compiler prints it.
    pub rendered: String,
    /// Where.
    pub place: Option<Place>,
}

/// How often cargo is asked again when another cargo has built the same sources meanwhile.
const TAKEN_OVER: usize = 3;

/// Compiles the candidate's expected tests and programs.
pub fn compile(
    candidate: &Candidate<'_>,
    inputs: &Inputs,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Compiled, Error> {
    let sources = inputs.hash_of_programs();
    let record = Record::path(candidate);
    if let Some(programs) = Record::load(&record).and_then(|record| record.valid_for(sources)) {
        return Ok(Compiled::Programs(programs));
    }
    // In a build directory one at a time: no other build's time counts against this one's deadline.
    let _turn = if candidate.in_place {
        None
    } else {
        Some(take_turn(&candidate.target.join("shopfloor"))?)
    };
    let mut cargo = cargo(candidate)?;
    let recorder = if candidate.in_place {
        None
    } else {
        Some(recipe::Recorder::prepare(candidate, &mut cargo)?)
    };
    let locks = Locks::new(candidate, &cargo);
    let mut attempts = 0;
    let (observation, mut messages) = loop {
        let observation = locks.run(&cargo, || forget_freshness(candidate), stop, events)?;
        match observation.end {
            End::Exited(_) => {}
            End::TimedOut(_) => return Ok(Compiled::Endless),
            End::Stopped => return Err(Error::Interrupted),
            _ => return Err(cargo_failed(candidate, &observation.stderr.text)),
        }
        let messages = Messages::from_cargo(candidate, &observation.stdout.text);
        attempts += 1;
        // Another cargo was quicker, after the package had been forgotten.
        if !messages.took_old_build || attempts == TAKEN_OVER {
            break (observation, messages);
        }
    };
    if !messages.errors.is_empty() {
        return Ok(Compiled::Errors(messages.errors));
    }
    if observation.end != End::Exited(0) {
        return Err(cargo_failed(candidate, &observation.stderr.text));
    }
    if messages.took_old_build {
        let said = "cargo took an older build for this one, which may be of another text";
        return Err(cargo_failed(candidate, said));
    }
    if let Some(recorder) = recorder {
        messages.programs.recipe = Some(recorder.recipe(candidate)?);
    }
    messages.programs.known_by_hash = dep_info::covers(candidate, inputs, &messages.outputs);
    // The sources may have been saved again while cargo read them; then the record would lie.
    if messages.programs.known_by_hash && inputs.still_hold(candidate)? {
        Record::new(sources.to_owned(), &messages.programs).save(&record)?;
    }
    Ok(Compiled::Programs(messages.programs))
}

/// The lock of a directory where cargo builds. Confined programs read there as another user, so the directory
/// does not have the mode of what the caller keeps.
fn take_turn(directory: &Path) -> Result<Lock, Error> {
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    Lock::take(&directory.join("building.lock"))
}

/// The programs of a stub, which is always laid in a build directory and has to compile.
pub fn compile_stub(candidate: &Candidate<'_>, stop: &Stop) -> Result<(Programs, Recipe), Error> {
    let does_not_compile = |why: &str| Error::Format {
        path: candidate.exercise.main_file(),
        problem: format!("the stub does not compile:\n{why}"),
        remedy: "A stub compiles without a warning.".to_owned(),
    };
    match compile(candidate, &Inputs::read(candidate)?, stop, &mut Silent)? {
        Compiled::Programs(mut programs) => {
            let recipe = programs.recipe.take();
            let recipe =
                recipe.expect("what is laid in a build directory is built with its recipe kept");
            Ok((programs, recipe))
        }
        Compiled::Errors(errors) => Err(does_not_compile(&errors[0].rendered)),
        Compiled::Endless => Err(does_not_compile("it takes too long")),
        Compiled::Unclear(unclear) => Err(unclear.into_error(candidate)),
    }
}

fn cargo(candidate: &Candidate<'_>) -> Result<Program, Error> {
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
    Ok(Program {
        path: cargo.path,
        args,
        env: cargo.environment.into_iter().collect(),
        directory: cargo.directory,
        limits: limits(candidate, candidate.exercise.compile_deadline),
        confinement: None,
    })
}

/// Enough for cargo's messages about all crates, and for one long complaint of the compiler's.
fn limits(candidate: &Candidate<'_>, wall: Duration) -> Limits {
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

pub(crate) fn cargo_failed(candidate: &Candidate<'_>, stderr: &str) -> Error {
    let remedy = if stderr.contains("--locked") {
        "Cargo.lock does not fit the manifests: `git checkout -- Cargo.lock`."
    } else if stderr.contains("failed to download") || stderr.contains("Could not resolve") {
        "cargo needs the network once, to download the crates of this exercise."
    } else {
        "This is not about your code: see what cargo says above, and try `checker doctor`."
    };
    Error::Cargo {
        exercise: candidate.exercise.name.clone(),
        output: stderr.trim_end().to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Where cargo builds the candidate: with a target named, one directory deeper.
fn build_directory(candidate: &Candidate<'_>) -> PathBuf {
    let target = candidate.settings.target(candidate.in_place).unwrap_or_default();
    candidate.target.join(target).join("debug")
}

/// Makes cargo look at the package again, whatever the file times say.
///
/// Another cargo that is at work there would miss the files: its lock has to be held meanwhile.
fn forget_freshness(candidate: &Candidate<'_>) -> Result<(), Error> {
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

/// `tests/../src/semaphore.rs`, as rustc names a file that a test includes, is `src/semaphore.rs`.
pub fn clean_paths(text: &str) -> String {
    text.replace("tests/../", "")
}
