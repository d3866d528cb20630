//! Misconception: a try_read may count itself for a moment, if it wakes those who believed it.
//! Caught by: of_two_tries_at_a_lock_that_becomes_free_one_gets_in
//! Message: meanwhile a `try_write` is refused

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

/// Below it: how many readers are inside. From it on: a writer is.
const WRITER: u32 = 0x8000;
/// Above that: how many writers wait.
const ONE_WAITS: u32 = 0x1_0000;

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    state: AtomicU32,
}

impl RawRwLock {
    /// A free lock: nobody is inside, nobody waits.
    pub const fn new() -> Self {
        Self { state: AtomicU32::new(0) }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if state >= WRITER {
                futex::wait(&self.state, state);
                continue;
            }
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            if self.state.compare_exchange(state, state + 1, success, failure).is_ok() {
                return;
            }
        }
    }

    /// Gets in beside other readers unless a writer is inside or waits, and says whether it did; never
    /// waits.
    pub fn try_read(&self) -> bool {
        if self.state.fetch_add(1, Ordering::Acquire) < WRITER {
            return true;
        }
        self.state.fetch_sub(1, Ordering::Relaxed);
        futex::wake_all(&self.state);
        false
    }

    /// A reader leaves. Called once for each time that one got in.
    pub fn unlock_read(&self) {
        let old = self.state.fetch_sub(1, Ordering::Release);
        if old % ONE_WAITS == 1 && old >= ONE_WAITS {
            futex::wake_all(&self.state);
        }
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        self.state.fetch_add(ONE_WAITS, Ordering::Relaxed);
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if state % ONE_WAITS != 0 {
                futex::wait(&self.state, state);
                continue;
            }
            let inside = state - ONE_WAITS + WRITER;
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            if self.state.compare_exchange(state, inside, success, failure).is_ok() {
                return;
            }
        }
    }

    /// Gets in alone if nobody is inside, and says whether it did; never waits.
    pub fn try_write(&self) -> bool {
        let (set, fetch) = (Ordering::Acquire, Ordering::Relaxed);
        let enter = |state: u32| (state % ONE_WAITS == 0).then_some(state + WRITER);
        self.state.fetch_update(set, fetch, enter).is_ok()
    }

    /// The writer leaves. Called once for each time that one got in.
    pub fn unlock_write(&self) {
        self.state.fetch_sub(WRITER, Ordering::Release);
        futex::wake_all(&self.state);
    }
}
