//! What a flag can be about.

use serde::{Deserialize, Serialize};

/// What can be of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `process::exit`, `abort`, `_exit`.
    Exit,
    /// `atexit`.
    ExitHandler,
    /// A panic hook, `catch_unwind`.
    Hook,
    /// `link_section`, `no_mangle`, `export_name`, an allocator.
    Linkage,
    /// `asm!`, `global_asm!`, naked functions.
    Assembly,
    /// `include!`, `include_str!`, `include_bytes!`.
    Embedding,
    /// `#[path]`.
    PathAttribute,
    /// A macro with the name of one of std's.
    ShadowedMacro,
    /// An `extern` block, `dlopen`.
    Foreign,
    /// Arguments, variables, `env!`, `/proc`.
    Surroundings,
    /// A shell.
    Shell,
    /// `getppid`.
    Parent,
    /// `thread::sleep`.
    Sleep,
    /// `unsafe`.
    UnsafeCode,
    /// `cfg(test)`.
    CfgTest,
}

impl Kind {
    /// Why a person may want to look.
    pub fn why(self) -> &'static str {
        match self {
            Kind::Exit => "ends the process, perhaps before a test has checked anything",
            Kind::ExitHandler => "runs at the end of the process and can change how it ends",
            Kind::Hook => "changes for the whole process what a failure does",
            Kind::Linkage => "can run before the tests, or take the place of another function",
            Kind::Assembly => "does what neither the compiler nor this scan sees",
            Kind::Embedding => "takes another file into the program",
            Kind::PathAttribute => "takes a file from elsewhere into the program",
            Kind::ShadowedMacro => "replaces a macro of std that assertions are made of",
            Kind::Foreign => "calls functions that no crate of the exercise offers",
            Kind::Surroundings => "looks at how and where it is run, and can tell a test by it",
            Kind::Shell => "has a shell do something",
            Kind::Parent => "knows its parent, which is the grader's supervisor",
            Kind::Sleep => "waits for time to pass, where threads should wait for each other",
            Kind::UnsafeCode => "is unsafe, and the reference solution is not",
            Kind::CfgTest => "behaves differently under test",
        }
    }
}
