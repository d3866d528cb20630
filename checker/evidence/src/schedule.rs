//! A schedule that breaks a lock: what the threads did, in order, and who waits at its end.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::Place;

/// An order in which threads ran, and how it failed. Threads are named by their index in `threads`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Schedule {
    /// What holds in every schedule.
    pub expected: String,
    /// How it failed.
    pub failure: Failure,
    /// The mistake that most often breaks it.
    pub likely: String,
    /// The learner's line to look at: where the thread that is to blame acted, or sleeps.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub blamed: Option<Place>,
    /// Where to read about it: a README section, a man page, a hint.
    pub read: String,
    /// The command that runs it again.
    pub again: String,
    /// How many schedules were tried, this one included.
    pub number: usize,
    /// How often another thread went on.
    pub switches: usize,
    /// The threads' names; the first is the scenario's own.
    pub threads: Vec<String>,
    /// How many steps came before `steps`, where those are too many to be told.
    pub left_out: usize,
    /// What the threads did, in order.
    pub steps: Vec<Step>,
    /// Which threads wait at the end.
    pub waiting: Vec<Waiting>,
    /// The learner's lines among those of `steps`, in the order of the file.
    pub lines: Vec<SourceLine>,
}

/// How a schedule failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(Serialize, Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Failure {
    /// Each thread waits for what another one holds.
    Deadlock,
    /// Threads sleep, and nobody is left to wake them.
    LostWakeUp {
        /// Their names, in alphabetical order.
        sleepers: Vec<String>,
    },
    /// Threads run on and on, and nobody gets anywhere.
    Starvation,
    /// Two accesses that nothing orders, one of them a write.
    DataRace {
        /// Which.
        accesses: String,
    },
    /// The scenario's own assertion does not hold.
    BrokenInvariant {
        /// What it says.
        message: String,
    },
    /// A panic in the learner's file.
    Panic {
        /// What it says.
        message: String,
        /// Where.
        place: Place,
    },
}

/// What a thread did, once or several times in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Step {
    /// Which thread.
    pub thread: usize,
    /// The line that did it.
    pub place: Place,
    /// What it did.
    pub text: String,
    /// How often in a row.
    pub times: usize,
}

/// What a thread waits for at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Waiting {
    /// Which thread.
    pub thread: usize,
    /// The line that waits.
    pub place: Place,
    /// In what.
    pub text: String,
    /// The thread that holds the lock; without one, it sleeps until it is woken.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub holder: Option<usize>,
}

/// A line of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct SourceLine {
    /// Where.
    pub place: Place,
    /// Without its indentation.
    pub text: String,
}

impl Schedule {
    pub(crate) fn thread(&self, index: usize) -> &str {
        self.threads.get(index).map_or("?", String::as_str)
    }
}
