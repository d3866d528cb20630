//! A call of a recipe, as a program to run for a candidate.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::{Confinement, Program};

use super::cargo::limits;
use super::recipe::{Call, Product, Recipe};
use crate::judge::candidate::Candidate;
use crate::workbook::settings::Environment;

/// Where what a recipe makes is put.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) outputs: PathBuf,
    /// What the compiler keeps there for the next time that it compiles nearly the same; `None` if it is the last.
    pub(super) incremental: Option<PathBuf>,
}

/// Whether a program is compiled with the candidate's library at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WithLibrary {
    Yes,
    No,
}

impl Recipe {
    /// The compiler, to make of the candidate what `call` makes.
    pub(super) fn program(
        &self,
        call: &Call,
        candidate: &Candidate<'_>,
        place: &Place,
        deadline: Duration,
        with_library: WithLibrary,
    ) -> Program {
        let target = place.outputs.to_string_lossy();
        let library = self.calls.iter().find(|call| call.makes == Product::Library);
        let library = library.map(|call| format!("{}=", call.value("--crate-name")));
        let mut args = Vec::new();
        let mut previous = "";
        for arg in &call.command[1..] {
            let own_library = library.as_deref().and_then(|library| arg.strip_prefix(library));
            if with_library == WithLibrary::No && previous == "--extern" && own_library.is_some() {
                args.pop();
                previous = "";
                continue;
            }
            args.push(match (previous, own_library) {
                ("--out-dir", _) => target.clone().into_owned(),
                ("--extern", Some(path)) => {
                    let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
                    format!("{}{target}/{file}", library.as_deref().unwrap_or_default())
                }
                _ => self.moved(&uncoloured(arg), candidate),
            });
            previous = arg;
        }
        // Nobody debugs these programs, and a panic knows its line without debug information: a quarter of the time
        // is saved. Several candidates are compiled beside each other: splitting one more would only cost.
        let split = match &place.incremental {
            Some(directory) => format!("incremental={}", directory.display()),
            None => "codegen-units=1".to_owned(),
        };
        let options = [split.as_str(), "debuginfo=0", "strip=debuginfo"];
        args.extend(options.iter().flat_map(|option| ["-C", option]).map(str::to_owned));
        let mut env: Environment = match candidate.confined {
            None if candidate.in_place => candidate.settings.environment_in_place(),
            None => candidate.settings.environment_for_laid(),
            Some(_) => candidate.settings.environment_for_strangers(),
        };
        if !candidate.in_place {
            // Linkers write there, and elsewhere nothing confined may. A host without namespaces has one `/tmp`.
            env.insert("TMPDIR".into(), place.outputs.clone().into());
        }
        for (name, value) in &call.env {
            let value = match name.strip_prefix("CARGO_BIN_EXE_") {
                Some(program) => format!("{target}/{program}"),
                None if name == "CARGO_TARGET_TMPDIR" => target.clone().into_owned(),
                None => self.moved(value, candidate),
            };
            env.insert(name.into(), value.into());
        }
        Program {
            path: call.command[0].clone().into(),
            args: args.into_iter().map(OsString::from).collect(),
            env: env.into_iter().collect(),
            directory: candidate.workspace.clone(),
            limits: limits(candidate, deadline),
            copy_of_stderr: None,
            confinement: candidate.confined.map(|confined| Confinement {
                read_only: confined.tools.iter().cloned().chain([seen(call, candidate)]).collect(),
                writable: vec![place.outputs.clone()],
                without: Vec::new(),
            }),
        }
    }

    /// What was said of the recipe's workspace, said of the candidate's.
    fn moved(&self, text: &str, candidate: &Candidate<'_>) -> String {
        text.replace(&self.workspace, &candidate.workspace.to_string_lossy())
    }
}

/// cargo asks for coloured messages, and takes the colours out itself where they are not wanted.
fn uncoloured(arg: &str) -> String {
    match arg.strip_prefix("--json=") {
        Some(kinds) => {
            let kinds = kinds.split(',').filter(|kind| *kind != "diagnostic-rendered-ansi");
            format!("--json={}", kinds.collect::<Vec<_>>().join(","))
        }
        None => arg.to_owned(),
    }
}

/// What of the candidate this call of the compiler reads. The tests with their random names are shown
/// only where they are compiled: an `.incbin` in the library finds none.
fn seen(call: &Call, candidate: &Candidate<'_>) -> PathBuf {
    match call.makes {
        Product::Test(..) => candidate.workspace.clone(),
        Product::Library | Product::Program(_) => candidate.directory().join("src"),
    }
}
