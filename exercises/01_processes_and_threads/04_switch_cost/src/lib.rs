//! The price of a turn: two sides hand it back and forth, on one CPU.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod sides;
pub mod tasks;

use std::any::type_name_of_val;
use std::io;

use sides::{Between, Cost, Side};

/// The middle one of the samples in order of size; of an even number of them, the mean of the two
/// in the middle, rounded down. `None` if there are none.
pub fn median(samples: &[u64]) -> Option<u64> {
    todo!("sort a copy of {samples:?}, and look at its middle")
}

/// Calls `body` with the calling thread pinned to one CPU of those that it is allowed, and returns
/// what `body` returns. Afterwards the thread is allowed what it was before, also if `body` panics.
/// What `body` makes inherits the pin; other threads of the caller are left alone.
///
/// # Errors
/// If the affinity cannot be read or set. Then `body` is not called.
pub fn pinned<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    todo!("sched_setaffinity, then {}, then set it back in any case", type_name_of_val(&body))
}

/// Two sides have `rounds` turns each, Ping first, then by turns. A turn is a call of `turn`; all
/// are on one CPU, as in [`pinned`]. A thread or process that has not the turn sleeps. With 0
/// rounds nobody has a turn, and the cost is 0, 0 and 0.
///
/// On return, in any case, no side is left: threads are joined and children reaped, and the caller
/// is [pinned] no more. Other children of the caller are not waited for. A caller may ignore
/// SIGCHLD, and does ignore SIGPIPE, as Rust programs do; a signal that it handles changes nothing.
/// A child ends in here: it runs no destructor and no exit handler of the caller, and writes nothing
/// that the caller has printed. Many threads may call this at once, and a `turn` may; but
/// [`Between::Processes`] only with a single thread.
///
/// # Errors
/// If the CPU or a side cannot be had: then nobody has a turn. If a side ends before its last turn
/// does (`turn` panics, or a child exits or is killed): then nobody has another, or waits for one.
pub fn ping_pong(between: Between, rounds: u64, turn: impl Fn(Side) + Sync) -> io::Result<Cost> {
    todo!("two {between:?} call {} {rounds} times each", type_name_of_val(&turn))
}

/// What a turn costs: plays `batches` games, divides the nanoseconds of each by its turns (two in a
/// round), rounded down, and returns the [median]. `None` without batches or without rounds.
///
/// # Errors
/// The first of [`ping_pong`].
pub fn nanoseconds_a_turn(
    (between, rounds, batches): (Between, u64, usize),
    turn: impl Fn(Side) + Sync,
) -> io::Result<Option<u64>> {
    let turn = type_name_of_val(&turn);
    todo!("play {batches} games of {rounds} rounds of {turn} between {between:?}")
}
