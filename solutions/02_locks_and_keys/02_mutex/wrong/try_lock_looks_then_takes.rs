//! Misconception: `try_lock` does not wait, so it need not be one operation.
//! Caught by: two_threads_are_never_inside_together::case_3_by_try_lock_and_try_lock
//! Message: a data race

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

/// A lock with nothing behind it.
#[derive(Debug)]
pub struct RawMutex {
    state: AtomicU32,
}

impl RawMutex {
    /// An unlocked mutex.
    pub const fn new() -> Self {
        Self { state: AtomicU32::new(0) }
    }

    /// Takes the lock; sleeps until it can be taken.
    pub fn lock(&self) {
        if self.state.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        while self.state.swap(2, Ordering::Acquire) != 0 {
            futex::wait(&self.state, 2);
        }
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        let free = self.state.load(Ordering::Acquire) == 0;
        if free {
            self.state.store(1, Ordering::Relaxed);
        }
        free
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    pub fn unlock(&self) {
        if self.state.swap(0, Ordering::Release) == 2 {
            futex::wake_one(&self.state);
        }
    }
}
