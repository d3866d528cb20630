//! What was seen of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::layers::Layers;
use crate::thread_state::ThreadState;

/// What was seen of one run of a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Observation {
    /// How the program itself ended.
    pub end: End,
    /// What it wrote to standard output.
    pub stdout: Capture,
    /// What it wrote to standard error.
    pub stderr: Capture,
    /// Processes that it left behind. They have been killed.
    pub strays: Vec<Stray>,
    /// From start to end.
    pub duration: Duration,
    /// CPU time, user and system, of it and of its descendants. Zero if the supervisor was killed.
    pub cpu: Duration,
    /// Bytes of memory that its largest process held at its peak. The few megabytes of the
    /// supervisor's own copy, before exec, are the least that can be seen.
    pub peak_memory: u64,
    /// What stood between it and the host.
    pub layers: Layers,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled {
        /// The signal's number, signal(7).
        signal: i32,
        /// Whether a core dump was written.
        core: bool,
    },
    /// It was still running at the deadline and was killed; this is what its threads did.
    TimedOut(Vec<ThreadState>),
    /// It wrote more than [`crate::Limits::total_output`] and was killed.
    Flooded,
    /// It killed or stopped its supervisor. Everything it started was killed.
    AttackedSupervisor,
    /// [`crate::Stop`] was requested; it was killed.
    Stopped,
}

/// A process that a program left behind when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray {
    /// Its process id.
    pub pid: i32,
    /// Its name, proc_pid_comm(5): at most 15 bytes.
    pub name: String,
    /// Whether it had ended already, waiting for a parent to ask for its status.
    pub zombie: bool,
    /// Whether it runs the program's own file: a copy made by fork without exec.
    pub copy_of_program: bool,
}
