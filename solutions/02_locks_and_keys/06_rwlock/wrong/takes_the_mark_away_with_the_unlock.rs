//! Misconception: who leaves wakes the writer that waits, so it can take its mark away, too.
//! Caught by: no_reader_gets_in_while_a_writer_waits::case_1_by_read
//! Message: is cleared before that writer is inside

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

/// Below it: how many readers are inside. At it: a writer is.
const WRITER: u32 = 0xffff;
/// Above that: whether a writer waits.
const WAITS: u32 = 0x1_0000;

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
        if old == WAITS + 1 {
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = self.state.compare_exchange(WAITS, 0, success, failure);
            futex::wake_all(&self.state);
        }
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if state % WAITS != 0 {
                let waits = state | WAITS;
                let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
                if self.state.compare_exchange(state, waits, success, failure).is_ok() {
                    futex::wait(&self.state, waits);
                }
                continue;
            }
            let inside = state + WRITER;
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            if self.state.compare_exchange(state, inside, success, failure).is_ok() {
                return;
            }
        }
    }

    /// Gets in alone if nobody is inside, and says whether it did; never waits.
    pub fn try_write(&self) -> bool {
        let (set, fetch) = (Ordering::Acquire, Ordering::Relaxed);
        let enter = |state: u32| (state % WAITS == 0).then_some(state + WRITER);
        self.state.fetch_update(set, fetch, enter).is_ok()
    }

    /// The writer leaves. Called once for each time that one got in.
    pub fn unlock_write(&self) {
        self.state.store(0, Ordering::Release);
        futex::wake_all(&self.state);
    }
}
