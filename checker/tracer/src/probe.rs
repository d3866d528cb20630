//! What a trial asks of a run: which calls to count, and which one to disturb.

use std::fmt;

use nix::errno::Errno;

/// A call that can be disturbed: the process, the call's name, and which of these calls of that process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The process that makes the call.
    pub process: String,
    /// The call's name: `read`.
    pub call: &'static str,
    /// The first, the second: from 1.
    pub nth: usize,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, call, nth } = self;
        write!(f, "{call} number {nth} of {process}")
    }
}

/// What the calls are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One is interrupted. A thread that blocks all signals is left alone.
    Interrupt,
    /// One fails.
    Fail,
    /// One transfers a byte only.
    Shorten,
    /// None is disturbed: those that change what all threads of the caller share are told.
    Watch,
}

/// What is done to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not made, and fails with this.
    Fails(Errno),
    /// It and all later ones of its name are not made, and fail with this.
    FailsFromNowOn(Errno),
    /// It is asked for one byte.
    OneByte,
}

/// Which calls are counted, and which one is disturbed.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) calls: Vec<&'static str>,
    pub(crate) purpose: Purpose,
    pub(crate) fault: Option<(Site, Fault)>,
}

impl Probe {
    /// The numbers of the calls to stop at, that by which a program marks a part among them. What this
    /// architecture does not have is left out.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let number = |call: &str| procfs::syscall_number(call).map(|number| number as u32);
        self.calls.iter().copied().chain(["prctl"]).filter_map(number).collect()
    }
}
