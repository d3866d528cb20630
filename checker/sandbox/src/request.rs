//! What to run, and within which limits.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Confinement;

/// A program to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Program {
    /// The file to execute.
    pub path: PathBuf,
    /// Its arguments, without the program's name.
    pub args: Vec<OsString>,
    /// Its whole environment: nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub directory: PathBuf,
    /// What it may use.
    pub limits: Limits,
    /// A file that its standard error is written to as it comes, for whoever wants to look at it meanwhile.
    #[serde(default)]
    pub copy_of_stderr: Option<PathBuf>,
    /// What it may see of the host, if it may be hostile. `None`: what the caller sees.
    #[serde(default)]
    pub confinement: Option<Confinement>,
}

/// What a program may use. `None` means: as much as the caller may.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock time from its start to its end.
    pub wall: Duration,
    /// Bytes of each output stream that are kept; the rest is counted and dropped.
    pub kept_output: usize,
    /// Bytes of both output streams together after which the program is killed.
    pub total_output: u64,
    /// Tasks (processes and threads) of this user, `RLIMIT_NPROC`; the kernel exempts root.
    ///
    /// A confined program is never root. In a user namespace its own tasks are all that count
    /// (since Linux 5.14), and the supervisor is one of them for an ordinary user.
    pub tasks: Option<u64>,
    /// Open descriptors, `RLIMIT_NOFILE`.
    pub open_files: Option<u64>,
    /// Bytes of one file, `RLIMIT_FSIZE`.
    pub file_size: Option<u64>,
    /// Bytes of address space, `RLIMIT_AS`.
    pub address_space: Option<u64>,
    /// CPU time of each of its processes, `RLIMIT_CPU`: in whole seconds, rounded up.
    #[serde(default)]
    pub cpu_time: Option<Duration>,
    /// The only CPU that it and whatever it starts may run on, sched_setaffinity(2).
    pub cpu: Option<usize>,
}

impl Limits {
    /// A deadline, a megabyte of kept output, and no other limit.
    pub fn wall(wall: Duration) -> Self {
        Self {
            wall,
            kept_output: 1 << 20,
            total_output: 16 << 20,
            tasks: None,
            open_files: None,
            file_size: None,
            address_space: None,
            cpu_time: None,
            cpu: None,
        }
    }
}
