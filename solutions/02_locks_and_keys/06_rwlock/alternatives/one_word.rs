//! All in one word, and a futex: how many writers wait, and who is inside.
//!
//! A reader gets in while the word is below `WRITER`: no writer is inside, none waits. Whoever lets
//! others in wakes all that sleep on the word; each asks again.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

/// Below it: how many readers are inside. At it: a writer is.
const WRITER: u32 = 0xf_ffff;
/// Above that: how many writers wait, in 12 bits.
const ONE_WAITS: u32 = 0x10_0000;

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
        while !self.try_read() {
            let state = self.state.load(Ordering::Relaxed);
            if state >= WRITER {
                futex::wait(&self.state, state);
            }
        }
    }

    /// Gets in beside other readers unless a writer is inside or waits, and says whether it did; never
    /// waits.
    pub fn try_read(&self) -> bool {
        let (set, fetch) = (Ordering::Acquire, Ordering::Relaxed);
        self.state.fetch_update(set, fetch, |state| (state < WRITER).then_some(state + 1)).is_ok()
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
