//! Compiling: cargo with JSON messages, to test programs or to diagnostics.
//!
//! cargo judges freshness by file times. Sources that are older than the last build and yet different
//! (an unpacked upload, a restored backup) would be taken as fresh, and the previous program would
//! run. So a record of what was built from what lies beside the build, and where it does not fit, the
//! package's fingerprints are removed before cargo looks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sandbox::{End, Limits, Program, Stop};
use serde::{Deserialize, Serialize};

use crate::candidate::Candidate;
use crate::verdict::Place;
use crate::{Error, dep_info, files, fingerprint};

/// What compiling came to.
#[derive(Debug)]
pub enum Compiled {
    /// Programs that can be run.
    Programs(Programs),
    /// The compiler's complaints, the first error first.
    Errors(Vec<Diagnostic>),
    /// The compiler did not come to an end.
    Endless,
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
}

/// One error of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// As the compiler prints it.
    pub rendered: String,
    /// Where.
    pub place: Option<Place>,
}

/// Compiles the candidate's expected tests and programs.
pub fn compile(candidate: &Candidate<'_>, stop: &Stop) -> Result<Compiled, Error> {
    let sources = fingerprint::of(candidate)?;
    let record = Record::path(candidate);
    if let Some(programs) = Record::load(&record).and_then(|record| record.valid_for(&sources)) {
        return Ok(Compiled::Programs(programs));
    }
    forget_freshness(candidate)?;
    let observation = sandbox::run(&cargo(candidate), stop)?;
    match observation.end {
        End::Exited(_) => {}
        End::TimedOut(_) => return Ok(Compiled::Endless),
        End::Stopped => return Err(Error::Interrupted),
        _ => return Err(cargo_failed(candidate, &observation.stderr.text)),
    }
    let mut messages = Messages::parse(candidate, &observation.stdout.text);
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
    messages.programs.known_by_hash = dep_info::covers(candidate, &messages.outputs)?;
    // The sources may have been saved again while cargo read them; then the record would lie.
    if messages.programs.known_by_hash && fingerprint::of(candidate)? == sources {
        Record::new(sources, &messages.programs).save(&record)?;
    }
    Ok(Compiled::Programs(messages.programs))
}

fn cargo(candidate: &Candidate<'_>) -> Program {
    // Integration tests have the package's programs built too, as programs and not as tests.
    let mut args: Vec<OsString> =
        ["test", "--no-run", "--message-format=json"].map(OsString::from).to_vec();
    args.push("--manifest-path".into());
    args.push(candidate.directory().join("Cargo.toml").into());
    if candidate.in_place && candidate.workspace.join("Cargo.lock").is_file() {
        args.push("--locked".into());
    }
    for target in candidate.pristine.tests.keys() {
        args.extend(["--test".into(), target.into()]);
    }
    let mut limits = Limits::wall(candidate.exercise.compile_deadline);
    limits.kept_output = 64 << 20;
    limits.total_output = 256 << 20;
    Program {
        path: which("cargo"),
        args,
        env: environment(candidate).into_iter().collect(),
        directory: candidate.workspace.clone(),
        limits,
    }
}

/// The caller's environment, less what `make` and an outer cargo have put there for themselves.
fn environment(candidate: &Candidate<'_>) -> BTreeMap<OsString, OsString> {
    let foreign = |name: &str| {
        ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS", "CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR"]
            .contains(&name)
            || name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_BIN_")
            || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER"))
    };
    let mut environment: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| !foreign(&name.to_string_lossy())).collect();
    // A configuration may send the intermediate files elsewhere, where nobody would forget them.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"] {
        environment.insert(name.into(), candidate.target.clone().into());
    }
    environment.insert("CARGO_TERM_COLOR".into(), "never".into());
    if !candidate.in_place {
        // Nobody debugs these, and the next text in the same place is another one altogether.
        environment.insert("CARGO_PROFILE_DEV_DEBUG".into(), "false".into());
        environment.insert("CARGO_INCREMENTAL".into(), "0".into());
    }
    environment
}

/// The file that the shell would execute; the bare name if there is none, for the system to refuse.
fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| name.into())
}

fn cargo_failed(candidate: &Candidate<'_>, stderr: &str) -> Error {
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

/// Makes cargo look at the package again, whatever the file times say.
fn forget_freshness(candidate: &Candidate<'_>) -> Result<(), Error> {
    let below = |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten();
    // With a `build.target` set, the build lies one directory deeper.
    let targets = below(&candidate.target).map(|entry| entry.path());
    let places = targets.chain([candidate.target.clone()]);
    let fingerprints = places.map(|place| place.join("debug/.fingerprint"));
    for entry in fingerprints.flat_map(|place| below(&place)) {
        // `name-0123456789abcdef`
        let name = entry.file_name();
        let package = name.to_str().and_then(|name| name.rsplit_once('-'));
        if package.is_some_and(|(package, _)| package == candidate.exercise.name) {
            fs::remove_dir_all(entry.path()).map_err(Error::writing(&entry.path()))?;
        }
    }
    Ok(())
}

/// What cargo's messages say about the candidate.
#[derive(Default)]
struct Messages {
    programs: Programs,
    errors: Vec<Diagnostic>,
    /// The files that were made of the candidate's own code.
    outputs: Vec<PathBuf>,
    /// cargo found nothing to do, although it had been made to look again.
    took_old_build: bool,
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        manifest_path: PathBuf,
        target: Target,
        filenames: Vec<PathBuf>,
        executable: Option<PathBuf>,
        fresh: bool,
    },
    #[serde(rename = "compiler-message")]
    Complaint { manifest_path: PathBuf, message: CompilerMessage },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct CompilerMessage {
    level: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

impl Messages {
    fn parse(candidate: &Candidate<'_>, output: &str) -> Self {
        let manifest = candidate.directory().join("Cargo.toml");
        let mut messages = Self::default();
        // A build script may print what it likes; only lines that are messages count.
        for message in output.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match message {
                Message::Artifact { manifest_path, target, filenames, executable, fresh }
                    if manifest_path == manifest =>
                {
                    messages.took_old_build |= fresh;
                    messages.outputs.extend(filenames);
                    let Some(path) = executable else { continue };
                    let is_test = target.kind.iter().any(|kind| kind == "test");
                    let programs = &mut messages.programs;
                    let list = if is_test { &mut programs.tests } else { &mut programs.programs };
                    list.insert(target.name, path);
                }
                Message::Complaint { manifest_path, message } if manifest_path == manifest => {
                    messages.add(message);
                }
                _ => {}
            }
        }
        messages
    }

    /// A file that two targets include is reported twice: once is enough.
    fn add(&mut self, message: CompilerMessage) {
        let rendered = clean_paths(message.rendered.as_deref().unwrap_or_default());
        let is_summary = message.spans.is_empty()
            && (rendered.contains("aborting due to") || rendered.contains(" warnings emitted"));
        if is_summary {
            return;
        }
        let place = message.spans.iter().find(|span| span.is_primary).map(|span| Place {
            file: clean_paths(&span.file_name.to_string_lossy()).into(),
            line: span.line_start,
            column: Some(span.column_start),
        });
        if message.level.starts_with("error") {
            if !self.errors.iter().any(|known| known.rendered == rendered) {
                self.errors.push(Diagnostic { rendered, place });
            }
        } else if message.level == "warning" && !self.programs.warnings.contains(&rendered) {
            self.programs.warnings.push(rendered);
        }
    }
}

/// `tests/../src/semaphore.rs`, as rustc names a file that a test includes, is `src/semaphore.rs`.
pub fn clean_paths(text: &str) -> String {
    text.replace("tests/../", "")
}

/// What was built from what.
#[derive(Serialize, Deserialize)]
struct Record {
    sources: String,
    programs: Programs,
    /// Size and time of each program: someone else may have built in the same place since.
    files: BTreeMap<PathBuf, (u64, SystemTime)>,
}

impl Record {
    fn path(candidate: &Candidate<'_>) -> PathBuf {
        candidate.target.join("shopfloor").join(format!("{}.json", candidate.exercise.name))
    }

    fn new(sources: String, programs: &Programs) -> Self {
        let paths = programs.tests.values().chain(programs.programs.values());
        let files = paths.filter_map(|path| Some((path.clone(), stamp(path)?))).collect();
        Self { sources, programs: programs.clone(), files }
    }

    /// A record that cannot be read is none: cargo is asked again.
    fn load(path: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string(self).expect("a record is plain data");
        files::write_atomically(path, &text)
    }

    fn valid_for(self, sources: &str) -> Option<Programs> {
        let unchanged = self.files.iter().all(|(path, known)| stamp(path).as_ref() == Some(known));
        (self.sources == sources && unchanged).then_some(self.programs)
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
