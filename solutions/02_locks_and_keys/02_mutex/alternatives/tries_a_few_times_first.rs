//! A bounded number of tries before the first sleep, for a holder that is out in a moment.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
const CONTENDED: u32 = 2;

/// A lock with nothing behind it; `Mutex` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawMutex {
    state: AtomicU32,
}

impl RawMutex {
    /// An unlocked mutex.
    pub const fn new() -> Self {
        Self { state: AtomicU32::new(UNLOCKED) }
    }

    /// Takes the lock; sleeps until it can be taken.
    pub fn lock(&self) {
        if (0..3).any(|_| self.try_lock()) {
            return;
        }
        // The swap announces this thread and tries the lock, in one: an old value of 0 means that
        // the lock was free and is now ours.
        while self.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            // If the holder has unlocked since the swap, the value is no longer 2 and the kernel
            // does not let us sleep. After any return, called for or not, we ask again.
            futex::wait(&self.state, CONTENDED);
        }
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        // Acquire: we see all that the thread before us wrote while it held the lock.
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        self.state.compare_exchange(UNLOCKED, LOCKED, success, failure).is_ok()
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    ///
    /// Called by the thread that holds the lock, once for each time it took it.
    pub fn unlock(&self) {
        // Release: all that we wrote is seen by the thread that acquires this 0. First free, then
        // wake: a thread woken earlier would find the door locked, and sleep again.
        if self.state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            futex::wake_one(&self.state);
        }
    }
}
