//! Why a program does not come to its end: who waits in which call, for what, and who could end it.

use std::fmt;

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::display::signal_name;
use crate::event::Asked;

/// What every process and thread was doing when the run was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Stuck {
    /// Whether it was seen that nothing can ever happen any more: all sleep in calls that only one
    /// of them could end. Otherwise the deadline had passed.
    pub for_ever: bool,
    /// One for each process and thread, in the order of their names.
    pub waiting: Vec<Waiting>,
}

/// A process or thread, and what it was doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Waiting {
    /// Its name: `P1`, `P1/t1`.
    pub task: String,
    /// What holds it.
    pub waits: Waits,
}

/// What a process or thread is held by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Waits {
    /// In read, write or poll on pipes: what it needs from each.
    Pipes {
        /// The call's name.
        call: String,
        /// One for each pipe; any of them would do.
        needs: Vec<Need>,
    },
    /// In wait4 or waitid.
    Children {
        /// For whom it asks.
        asked: Asked,
        /// Those of its children that have not ended.
        alive: Vec<String>,
    },
    /// Suspended by vfork(2).
    Vfork {
        /// Until this child calls execve or ends.
        child: String,
    },
    /// In futex: for a lock, a condition variable or a thread's end.
    Futex,
    /// Stopped by a signal.
    Stopped {
        /// The signal's number, signal(7).
        signal: i32,
    },
    /// In a call that something else may end: a clock, a signal, the world outside.
    Call {
        /// The call's name.
        call: String,
    },
    /// It does not wait, it runs.
    Runs,
}

/// What a task needs from a pipe, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Need {
    /// The end that it waits at: `pipe1.r`.
    pub what: String,
    /// Whether it waits to write. It waits for readers then, and otherwise for writers.
    pub to_write: bool,
    /// Where the other end is open.
    pub holders: Vec<Holder>,
}

/// A process that has a descriptor open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Holder {
    /// Its name.
    pub process: String,
    /// The descriptor's number there.
    pub number: i32,
}

/// A sentence for each process and thread.
impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, waiting) in self.waiting.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{waiting}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        match &self.waits {
            Waits::Pipes { call, needs } => {
                let ends: Vec<&str> = needs.iter().map(|need| need.what.as_str()).collect();
                write!(f, "{task} waits in {call}({})", ends.join(", "))?;
                let needs: Vec<String> = needs.iter().map(Need::to_string).collect();
                write!(f, ": {}", needs.join("; "))
            }
            Waits::Children { asked: Asked::Child(child), .. } => {
                write!(f, "{task} waits in wait({child}): {child} has not ended")
            }
            Waits::Children { alive, .. } => match alive.as_slice() {
                [] => write!(f, "{task} waits in wait"),
                [one] => write!(f, "{task} waits in wait: its child {one} has not ended"),
                all => write!(f, "{task} waits in wait: none of {} has ended", all.join(", ")),
            },
            Waits::Vfork { child } => write!(
                f,
                "{task} is suspended by its vfork: {child} has called neither execve nor _exit"
            ),
            Waits::Futex => write!(
                f,
                "{task} waits in futex: for a lock, a condition variable or the end of a thread"
            ),
            Waits::Stopped { signal } => {
                write!(f, "{task} is stopped by {}: nobody sends it SIGCONT", signal_name(*signal))
            }
            Waits::Call { call } => write!(f, "{task} waits in {call}"),
            Waits::Runs => write!(f, "{task} is not waiting: it runs and runs"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holders: Vec<String> = self.holders.iter().map(Holder::to_string).collect();
        let holders = holders.join(" and ");
        if self.to_write {
            write!(f, "it is full, and its read end is open in {holders}")
        } else {
            write!(f, "its write end is still open in {holders}")
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (fd {})", self.process, self.number)
    }
}
