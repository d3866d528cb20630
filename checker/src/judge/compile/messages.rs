//! What the compiler says: by cargo's messages, or by its own.

use std::path::PathBuf;

use serde::Deserialize;

use super::compiled::{Diagnostic, Programs, clean_paths};
use crate::judge::candidate::Candidate;
use crate::verdict::Place;

/// What the messages say about the candidate.
#[derive(Default)]
pub(super) struct Messages {
    pub(super) programs: Programs,
    pub(super) errors: Vec<Diagnostic>,
    /// The files that were made of the candidate's own code.
    pub(super) outputs: Vec<PathBuf>,
    /// The files that were made of other crates.
    pub(super) dependencies: Vec<PathBuf>,
    /// An error is about a crate that is missing or not the one that was expected.
    pub(super) misses_crate: bool,
    /// cargo found nothing to do, although it had been made to look again.
    pub(super) took_old_build: bool,
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
    code: Option<Code>,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The compiler's errors about crates that it does not find as they were: `rustc --explain E0460`.
const OF_CRATES: [&str; 6] = ["E0460", "E0461", "E0462", "E0463", "E0464", "E0786"];

#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

impl Messages {
    /// What cargo printed with `--message-format=json`.
    pub(super) fn from_cargo(candidate: &Candidate<'_>, output: &str) -> Self {
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
                Message::Artifact { filenames, .. } => messages.dependencies.extend(filenames),
                Message::Complaint { manifest_path, message } if manifest_path == manifest => {
                    messages.add(message);
                }
                _ => {}
            }
        }
        messages
    }

    /// Takes what rustc printed with `--error-format=json`.
    pub(super) fn add_rustc_output(&mut self, output: &str) {
        for message in output.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            self.add(message);
        }
    }

    /// Takes what was said about another part of the same exercise.
    pub(super) fn merge(&mut self, other: Self) {
        other.errors.into_iter().for_each(|error| self.add_error(error));
        other.programs.warnings.into_iter().for_each(|warning| self.add_warning(warning));
    }

    /// A file that two targets include is reported twice: once is enough.
    fn add_error(&mut self, error: Diagnostic) {
        if !self.errors.iter().any(|known| known.rendered == error.rendered) {
            self.errors.push(error);
        }
    }

    /// The same of a warning.
    fn add_warning(&mut self, warning: String) {
        if !self.programs.warnings.contains(&warning) {
            self.programs.warnings.push(warning);
        }
    }

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
            self.misses_crate |=
                message.code.is_some_and(|code| OF_CRATES.contains(&code.code.as_str()));
            self.add_error(Diagnostic { rendered, place });
        } else if message.level == "warning" {
            self.add_warning(rendered);
        }
    }
}
