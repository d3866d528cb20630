//! As in "Futexes Are Tricky", second version: a waiter turns a 1 into a 2 before it sleeps, and takes a free
//! lock with a 2.

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
        if self.try_lock() {
            return;
        }
        loop {
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            // A 1 becomes a 2, and a 2 stays one. A 0: the lock has become free.
            let seen = self.state.compare_exchange(LOCKED, CONTENDED, success, failure);
            if seen != Err(UNLOCKED) {
                futex::wait(&self.state, CONTENDED);
            }
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            if self.state.compare_exchange(UNLOCKED, CONTENDED, success, failure).is_ok() {
                return;
            }
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
