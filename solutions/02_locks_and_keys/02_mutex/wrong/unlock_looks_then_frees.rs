//! Misconception: whether somebody waits can be looked up before the lock is freed.
//! Caught by: who_waits_gets_in_when_the_holder_leaves
//! Message: a lost wake-up

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
        let somebody_waits = self.state.load(Ordering::Relaxed) == 2;
        self.state.store(0, Ordering::Release);
        if somebody_waits {
            futex::wake_one(&self.state);
        }
    }
}
