//! Misconception: a waiter may announce itself with a store; the lock is held anyway.
//! Caught by: who_waits_gets_in_when_the_holder_leaves
//! Message: a lost wake-up

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
            // If the holder has unlocked since the look, this locks the door for ever.
            self.state.store(CONTENDED, Ordering::Relaxed);
            futex::wait(&self.state, CONTENDED);
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
