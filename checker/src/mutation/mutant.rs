//! One change of a source text.

use std::fmt;
use std::ops::Range;

/// The mistake that a mutant makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// A memory ordering is one weaker.
    Ordering,
    /// A notification is left out, or wakes one instead of all.
    Notification,
    /// What a wait waits for is looked at once, before it.
    Wait,
    /// A flag is left out.
    Flag,
    /// A call that a signal interrupted is not made again.
    Retry,
    /// A step is left out: a close, a flush, an unlock.
    LeftOut,
    /// Two steps are exchanged.
    Exchanged,
    /// An error is ignored, or told as a success.
    Error,
    /// A process leaves by another exit.
    Exit,
    /// An `unsafe impl` asks less of its type.
    Bound,
    /// A number keeps its lower bits only, or wraps around.
    Width,
}

impl Operator {
    /// Every operator, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Ordering,
        Self::Notification,
        Self::Wait,
        Self::Flag,
        Self::Retry,
        Self::LeftOut,
        Self::Exchanged,
        Self::Error,
        Self::Exit,
        Self::Bound,
        Self::Width,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordering => "weaker ordering",
            Self::Notification => "notification",
            Self::Wait => "wait once",
            Self::Flag => "flag left out",
            Self::Retry => "no retry",
            Self::LeftOut => "step left out",
            Self::Exchanged => "steps exchanged",
            Self::Error => "error ignored",
            Self::Exit => "another exit",
            Self::Bound => "bound removed",
            Self::Width => "width narrowed",
        }
    }
}

/// A source text with one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What kind of mistake it is.
    pub operator: Operator,
    /// The function that it is in, with its type: `Mutex::lock`; empty outside of functions.
    pub function: String,
    /// The line that is changed, one-based.
    pub line: usize,
    /// What is taken out of the text.
    pub bytes: Range<usize>,
    /// What is put in its place.
    pub put: String,
    /// What was done, on one line.
    pub change: String,
}

impl Mutant {
    /// The text with the mistake in it.
    pub fn apply(&self, text: &str) -> String {
        [&text[..self.bytes.start], &self.put, &text[self.bytes.end..]].concat()
    }
}

/// What was done and where, without the number of the line: it stays the same while other lines move.
impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operator.name(), self.change)?;
        if self.function.is_empty() { Ok(()) } else { write!(f, " in {}", self.function) }
    }
}
