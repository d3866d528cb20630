//! One execution of a scenario, position by position: what `checker play` shows.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::json::{Json, object};
use crate::{Failure, Place, Step, Waiting};

/// The variable of the environment that asks for an execution to be shown. Its value is how it is to run: see
/// [`Wish`].
pub const PLAY: &str = "SHOPFLOOR_PLAY";

/// The variable of the environment that names the file for it, which is there already.
pub const PLAYED: &str = "SHOPFLOOR_PLAYED";

/// How an execution that is shown is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// By these decisions; then it pauses where the next one has to be made.
    Pause(Vec<usize>),
    /// By these decisions, and then each thread runs until it waits or ends.
    ToTheEnd(Vec<usize>),
    /// By the schedule that the test's own search finds, if one fails.
    Found,
}

/// An execution. Threads are named by their index in `threads`, which the first one has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Played {
    /// What holds in every schedule.
    pub expected: String,
    /// The mistake that most often breaks it.
    pub likely: String,
    /// The program that was played, if the test makes several.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub program: Option<PlayedProgram>,
    /// The threads' names; the first is the scenario's own.
    pub threads: Vec<String>,
    /// What the threads did, in order.
    pub steps: Vec<Step>,
    /// Where a decision was made, or has to be made, and what comes after the last one.
    pub positions: Vec<Position>,
    /// All decisions, those that are no position among them.
    pub decisions: Vec<usize>,
    /// How it ended; `None` if it pauses.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub ended: Option<Ended>,
    /// How often another thread went on.
    pub switches: usize,
    /// The command that runs the same schedule again.
    pub again: String,
    /// How many schedules were tried to find this one.
    pub tried: usize,
}

/// One of several programs that a test makes of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct PlayedProgram {
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// Which threads call what.
    pub calls: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(Serialize, Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Ended {
    /// All threads have returned, and what had to hold did.
    Held,
    /// It failed.
    Broken {
        /// How.
        failure: Failure,
        /// Which threads wait at the end.
        waiting: Vec<Waiting>,
    },
}

/// A moment of an execution: somebody has to say what comes next, or it is the end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Position {
    /// How many decisions were made before.
    pub decisions: usize,
    /// How many steps were taken before.
    pub steps: usize,
    /// What there is to choose; nothing at the end.
    pub choices: Vec<Choice>,
    /// What the threads that there are do.
    pub threads: Vec<ThreadNow>,
}

/// Something that can come next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Choice {
    /// The thread that goes on.
    pub thread: usize,
    /// It wakes, or fails, though there is no reason.
    pub without_reason: bool,
    /// Which decision chooses it: the next one, or an earlier one that is made anew.
    pub at: usize,
    /// What is decided there.
    pub decision: usize,
}

/// A thread at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct ThreadNow {
    /// Whether it can go on, waits or has returned.
    pub state: ThreadState,
    /// The line of its next step, or of its wait.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub place: Option<Place>,
    /// Its next step, or its wait.
    pub text: String,
    /// The locks that it holds.
    pub holds: Vec<String>,
    /// The thread that holds the lock which it waits for.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub holder: Option<usize>,
}

/// What a thread can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(rename_all = "snake_case"))]
pub enum ThreadState {
    /// It can go on.
    Ready,
    /// It waits: for a lock, a wake-up, another thread.
    Waits,
    /// It has returned.
    Ended,
}

impl Wish {
    /// As the value of [`PLAY`]: `found`, or the decisions, separated by commas, with a `+` behind them to run to
    /// the end.
    pub fn to_value(&self) -> String {
        let list = |decisions: &[usize]| {
            decisions.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
        };
        match self {
            Self::Pause(decisions) => list(decisions),
            Self::ToTheEnd(decisions) => format!("{}+", list(decisions)),
            Self::Found => "found".to_owned(),
        }
    }

    /// Reads such a value.
    pub fn from_value(value: &str) -> Option<Self> {
        let list = |text: &str| -> Option<Vec<usize>> {
            let parts = text.split(',').filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        };
        match value.strip_suffix('+') {
            _ if value == "found" => Some(Self::Found),
            Some(decisions) => list(decisions).map(Self::ToTheEnd),
            None => list(value).map(Self::Pause),
        }
    }
}

impl Played {
    /// As the checker reads it.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        object(
            &mut out,
            &[
                ("expected", &self.expected),
                ("likely", &self.likely),
                ("program", &self.program),
                ("threads", &self.threads),
                ("steps", &self.steps),
                ("positions", &self.positions),
                ("decisions", &self.decisions),
                ("ended", &self.ended),
                ("switches", &self.switches),
                ("again", &self.again),
                ("tried", &self.tried),
            ],
        );
        out
    }
}

impl Json for PlayedProgram {
    fn json(&self, out: &mut String) {
        let number: (&str, &dyn Json) = ("number", &self.number);
        object(out, &[number, ("count", &self.count), ("calls", &self.calls)]);
    }
}

impl Json for Ended {
    fn json(&self, out: &mut String) {
        match self {
            Self::Held => object(out, &[("kind", &"held")]),
            Self::Broken { failure, waiting } => {
                object(out, &[("kind", &"broken"), ("failure", failure), ("waiting", waiting)]);
            }
        }
    }
}

impl Json for Position {
    fn json(&self, out: &mut String) {
        let decisions: (&str, &dyn Json) = ("decisions", &self.decisions);
        let (choices, threads) = (("choices", &self.choices as _), ("threads", &self.threads as _));
        object(out, &[decisions, ("steps", &self.steps), choices, threads]);
    }
}

impl Json for Choice {
    fn json(&self, out: &mut String) {
        let thread: (&str, &dyn Json) = ("thread", &self.thread);
        let without_reason = ("without_reason", &self.without_reason as _);
        object(out, &[thread, without_reason, ("at", &self.at), ("decision", &self.decision)]);
    }
}

impl Json for ThreadNow {
    fn json(&self, out: &mut String) {
        let state: (&str, &dyn Json) = ("state", &self.state);
        let (holds, holder) = (("holds", &self.holds as _), ("holder", &self.holder as _));
        object(out, &[state, ("place", &self.place), ("text", &self.text), holds, holder]);
    }
}

impl Json for ThreadState {
    fn json(&self, out: &mut String) {
        let name = match self {
            Self::Ready => "ready",
            Self::Waits => "waits",
            Self::Ended => "ended",
        };
        name.json(out);
    }
}
