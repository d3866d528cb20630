//! Who takes turns, and what it costs. Given.

/// What the two sides are.
#[derive(Debug, Clone, Copy)]
pub enum Between {
    /// Two threads of this process. The caller may be one of them.
    Threads,
    /// Two processes, each with memory of its own. The caller may be one of them.
    Processes,
    /// Two async tasks on the calling thread, run by [`crate::tasks::run`]: Ping's is the first.
    Tasks,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Has the first turn.
    Ping,
    /// Has the last turn.
    Pong,
}

impl Side {
    /// The one who is next.
    pub fn other(self) -> Self {
        match self {
            Side::Ping => Side::Pong,
            Side::Pong => Side::Ping,
        }
    }
}

/// What a game of ping-pong costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How often the kernel switched away from the two sides, whether the side waited (a voluntary
    /// switch) or not (an involuntary one): getrusage(2). Each side counts at least from its first
    /// turn to its last, and at most from its making (the caller: from the call) to its end. Other
    /// threads and processes do not count. Two tasks are one thread.
    pub switches: u64,
    /// In how many address spaces the turns are taken: 1 or 2.
    pub address_spaces: u64,
    /// From the beginning of the first turn to the end of the last, by the monotonic clock
    /// ([`std::time::Instant`]): the sides are made before that, and end after it. `u64::MAX` if it
    /// is more.
    pub nanoseconds: u64,
}
