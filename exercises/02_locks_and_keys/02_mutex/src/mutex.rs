//! A mutex in one word: 0 is unlocked, 1 is locked, 2 is locked and somebody may be asleep.

use crate::sync::atomic::AtomicU32;
// use crate::sync::atomic::Ordering;
// use crate::sync::futex;

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
        todo!(
            "the state is {:?}: make 1 of 0, or leave a 2 behind and sleep while it is 2",
            self.state
        )
    }

    /// Takes the lock if it is free, and says whether it did; never waits.
    pub fn try_lock(&self) -> bool {
        todo!("the state is {:?}: make 1 of 0, or change nothing", self.state)
    }

    /// Frees the lock, and wakes one thread if somebody may be asleep.
    ///
    /// Called by the thread that holds the lock, once for each time it took it.
    pub fn unlock(&self) {
        todo!("the state is {:?}: make it 0; what tells you whether to wake somebody?", self.state)
    }
}
