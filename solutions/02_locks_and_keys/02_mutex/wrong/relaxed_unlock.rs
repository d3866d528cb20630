//! Misconception: only taking a lock has to be ordered, giving it back does not.
//! Caught by: who_takes_the_lock_sees_what_the_last_holder_wrote::case_1_by_lock
//! Message: the one that frees it is not a Release

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
        if self.try_lock() {
            return;
        }
        while self.state.swap(2, Ordering::Acquire) != 0 {
            futex::wait(&self.state, 2);
        }
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        self.state.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    pub fn unlock(&self) {
        if self.state.swap(0, Ordering::Relaxed) == 2 {
            futex::wake_one(&self.state);
        }
    }
}
