//! Why there is no timeline.
//!
//! Written by hand: the tests of a dozen exercises are built on this crate, and a derive would have syn built for
//! each first one of them.

use std::path::PathBuf;
use std::{fmt, io};

/// A failure of the machine or of the call, not of what the program did.
#[derive(Debug)]
pub enum Error {
    /// Nobody may trace here: some containers and security modules refuse ptrace(2).
    Unsupported(io::Error),
    /// The program could not be executed.
    Start {
        /// Its path.
        program: PathBuf,
        /// What execve(2) said.
        source: io::Error,
    },
    /// Another call failed that should not.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(error) => write!(
                f,
                "this machine does not allow tracing (ptrace: {error}); in a container, run it with \
                 --cap-add=SYS_PTRACE"
            ),
            Self::Start { program, source } => {
                write!(f, "cannot start {}: {source}", program.display())
            }
            Self::Io(error) => write!(f, "cannot trace: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unsupported(error) | Self::Start { source: error, .. } | Self::Io(error) => {
                Some(error)
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<nix::Error> for Error {
    fn from(errno: nix::Error) -> Self {
        Self::Io(errno.into())
    }
}
