//! Why there is no timeline.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A failure of the machine or of the call, not of what the program did.
#[derive(Debug, Error)]
pub enum Error {
    /// Nobody may trace here: some containers and security modules refuse ptrace(2).
    #[error(
        "this machine does not allow tracing (ptrace: {0}); in a container, run it with \
         --cap-add=SYS_PTRACE"
    )]
    Unsupported(io::Error),
    /// The program could not be executed.
    #[error("cannot start {}: {source}", .program.display())]
    Start {
        /// Its path.
        program: PathBuf,
        /// What execve(2) said.
        source: io::Error,
    },
    /// Another call failed that should not.
    #[error("cannot trace: {0}")]
    Io(#[from] io::Error),
}

impl From<nix::Error> for Error {
    fn from(errno: nix::Error) -> Self {
        Self::Io(errno.into())
    }
}
