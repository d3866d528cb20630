//! The lowest bit is the lock; the bits above it count the threads that are on their way to sleep or asleep.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

const LOCKED: u32 = 1;
const ONE_WAITS: u32 = 2;

/// A lock with nothing behind it; `Mutex` in `lib.rs` puts a value behind it.
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
        self.state.fetch_add(ONE_WAITS, Ordering::Relaxed);
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if state & LOCKED != 0 {
                futex::wait(&self.state, state);
                continue;
            }
            // In one step: the lock is taken, and one fewer waits.
            let taken = (state - ONE_WAITS) | LOCKED;
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            if self.state.compare_exchange(state, taken, success, failure).is_ok() {
                return;
            }
        }
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        self.state.fetch_or(LOCKED, Ordering::Acquire) & LOCKED == 0
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    ///
    /// Called by the thread that holds the lock, once for each time it took it.
    pub fn unlock(&self) {
        if self.state.fetch_and(!LOCKED, Ordering::Release) >= ONE_WAITS {
            futex::wake_one(&self.state);
        }
    }
}
