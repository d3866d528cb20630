//! Misconception: a swap that finds a 0 has taken the lock, and one that finds something else has done no harm.
//! Caught by: a_refused_try_lock_changes_nothing
//! Message: the refused `try_lock` overwrote the 2

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
        self.state.swap(1, Ordering::Acquire) == 0
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    pub fn unlock(&self) {
        if self.state.swap(0, Ordering::Release) == 2 {
            futex::wake_one(&self.state);
        }
    }
}
