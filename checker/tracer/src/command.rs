//! A program to run under the tracer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::probe::Probe;

/// How long a run may take by default. A net, not a measurement: a program that is stuck for ever
/// is noticed at once.
const DEADLINE: Duration = Duration::from_secs(10);

/// A program to run under the tracer.
#[derive(Debug, Clone)]
pub struct Program {
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) stdin: Option<Vec<u8>>,
    pub(crate) deadline: Duration,
    pub(crate) every_call: bool,
    pub(crate) small_pipes: bool,
    /// Which calls are counted or disturbed.
    pub(crate) probe: Option<Probe>,
}

impl Program {
    /// A program by its path; in a test, `env!("CARGO_BIN_EXE_name")`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            directory: None,
            stdin: None,
            deadline: DEADLINE,
            every_call: false,
            small_pipes: false,
            probe: None,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable. The others are those of this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets its working directory; by default it is this process's.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Gives it a pipe with this input as its standard input; without a call it is `/dev/null`.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(input.into());
        self
    }

    /// Gives it more or less time than 10 s, after which it is killed and [`Timeline::stuck`](crate::Timeline::stuck) says
    /// what it was doing.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Makes each pipe that it makes one page large. A user who has many pipes gets no larger ones (pipe(7),
    /// `pipe-user-pages-soft`; from Linux 5.14 on, two pages).
    pub fn small_pipes(mut self) -> Self {
        self.small_pipes = true;
        self
    }

    /// Stops it at every system call, as where the kernel refuses the seccomp filter. Slow; for
    /// tests of the tracer.
    #[doc(hidden)]
    pub fn every_call(mut self) -> Self {
        self.every_call = true;
        self
    }
}
