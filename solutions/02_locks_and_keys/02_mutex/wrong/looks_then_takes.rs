//! Misconception: a lock that was free a moment ago can be taken with a store.
//! Caught by: two_threads_are_never_inside_together::case_1_by_lock_and_lock
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
        loop {
            if self.state.load(Ordering::Acquire) == 0 {
                self.state.store(1, Ordering::Relaxed);
                return;
            }
            if self.state.swap(2, Ordering::Acquire) == 0 {
                return;
            }
            futex::wait(&self.state, 2);
        }
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        self.state.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    pub fn unlock(&self) {
        if self.state.swap(0, Ordering::Release) == 2 {
            futex::wake_one(&self.state);
        }
    }
}
