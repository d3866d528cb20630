//! Waiting for a wake-up.

use std::panic;

use crate::panics::Payload;
use crate::recorder::{self, Action, ObjectId, Place, Wait};

/// A thread begins to sleep on a condition variable or a futex, or without one in `park`; woken, it takes the lock
/// `then`. That breaks the scenario if the thread is in a call that never waits.
pub(super) fn wait(
    thread: usize,
    place: Place,
    of: Option<ObjectId>,
    then: Option<ObjectId>,
    text: String,
) {
    recorder::waits(thread, place, Wait::WakeUp { of, then }, text);
    recorder::intends(thread, place, Action::Unseen("wake up"), of);
    if let Some(call) = recorder::call_that_never_waits(thread) {
        let text = format!("{call} goes to sleep until another thread wakes it");
        panic::panic_any(Payload::Broken(text));
    }
}
