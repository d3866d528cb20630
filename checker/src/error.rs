//! What stops the checker itself, and the exit codes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use thiserror::Error;

/// How the checker ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for passes.
    Passed,
    /// Something does not pass.
    NotPassed,
    /// The command line was wrong.
    Usage,
    /// The machine or the workbook is at fault, not the learner.
    Fault,
    /// Ctrl-C: 128 + SIGINT, as shells have it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::NotPassed => 1,
            Exit::Usage => 2,
            Exit::Fault => 3,
            Exit::Interrupted => 130,
        }
    }
}

/// A reason why the checker cannot go on. Each names the place, what was expected and the remedy.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no workbook here.
    #[error(
        "no workbook: neither {start} nor a directory above it has exercises/curriculum.toml\n\
         Go into the workbook, or name it: checker --workbook DIR"
    )]
    NoWorkbook {
        /// Where the search began.
        start: PathBuf,
    },
    /// A file that a person has written, the curriculum or a scheme, does not say what it must.
    #[error("{file}:{line}: {problem}\n{remedy}")]
    Written {
        file: PathBuf,
        /// One-based.
        line: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A file could not be read or written.
    #[error("{path}: cannot {verb}: {source}")]
    File {
        path: PathBuf,
        /// `read`, `write`, …
        verb: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the workbook does not have the form it must have.
    #[error("{path}: {problem}\n{remedy}")]
    Format {
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// No exercise has this name, number or path.
    #[error("there is no exercise `{asked}`{}", suggestion(.nearest))]
    UnknownExercise {
        /// What was asked for.
        asked: String,
        /// The exercises that come nearest.
        nearest: Vec<String>,
    },
    /// A request that cannot be met, and what to do instead.
    #[error("{0}")]
    Refused(String),
    /// cargo failed without a diagnostic about the exercise.
    #[error("cargo cannot build `{exercise}`:\n{output}\n{remedy}")]
    Cargo {
        exercise: String,
        /// What cargo said.
        output: String,
        /// What to do.
        remedy: String,
    },
    /// The supervisor failed.
    #[error("{0}\n`checker doctor` looks for the reason")]
    Sandbox(#[from] sandbox::Error),
    /// The machine refuses to trace.
    #[error("no timeline: {message}")]
    Untraceable {
        /// Why, and what to do.
        message: String,
    },
    /// Tracing failed.
    #[error("no timeline: {message}\n`checker doctor` looks for the reason")]
    Untraced { message: String },
    /// The results of a grading cannot be read or written.
    #[error(
        "{path}: {problem}\nWhat was judged before is kept; make room or permissions, and go on"
    )]
    Results {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        problem: String,
    },
    /// A file system is full, or nearly so.
    #[error(
        "{path}: only {free_mib} MiB are free where {needed_mib} are needed\nMake room, and run the same \
         command again: what was judged so far is kept"
    )]
    NoRoom {
        /// A directory on it.
        path: PathBuf,
        /// What is free.
        free_mib: u64,
        /// What a run may need.
        needed_mib: u64,
    },
    /// A run was less confined than it had to be.
    #[error("a layer of isolation did not hold, {missing}\n`checker doctor` looks for the reason")]
    Isolation {
        /// Which, and what the system said.
        missing: String,
    },
    /// Ctrl-C.
    #[error("interrupted; what was judged so far is kept")]
    Interrupted,
}

impl Error {
    /// The exit code that belongs to it.
    pub fn exit(&self) -> Exit {
        match self {
            Error::UnknownExercise { .. } | Error::Refused(_) => Exit::Usage,
            Error::Interrupted => Exit::Interrupted,
            _ => Exit::Fault,
        }
    }

    /// As an error of who has named the file on the command line, and not of the workbook.
    pub(crate) fn asked_for(self) -> Self {
        Error::Refused(self.to_string())
    }

    pub(crate) fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        Self::doing("read", path)
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        Self::doing("write", path)
    }

    fn doing(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::File { path: path.to_owned(), verb, source }
    }
}

fn suggestion(nearest: &[String]) -> String {
    match nearest {
        [] => "; `checker list` shows all".to_owned(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}
