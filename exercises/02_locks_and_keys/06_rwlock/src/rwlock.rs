//! A read-write lock that prefers writers.

// use crate::sync::{Condvar, Mutex};

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    // What does somebody at the door have to know, and on what do waiting threads sleep?
}

impl RawRwLock {
    /// A free lock: nobody is inside, nobody waits.
    pub const fn new() -> Self {
        Self {}
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        todo!("wait while a writer is inside or waits; then there is one reader more inside")
    }

    /// Gets in beside other readers unless a writer is inside or waits, and says whether it did; never
    /// waits.
    pub fn try_read(&self) -> bool {
        todo!("one reader more inside, or change nothing")
    }

    /// A reader leaves. Called once for each time that one got in.
    pub fn unlock_read(&self) {
        todo!("one reader less inside; whom to wake if that was the last one?")
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        todo!("say that a writer waits, wait while anybody is inside; do others still wait?")
    }

    /// Gets in alone if nobody is inside, and says whether it did; never waits.
    pub fn try_write(&self) -> bool {
        todo!("the writer is inside, or change nothing")
    }

    /// The writer leaves. Called once for each time that one got in.
    pub fn unlock_write(&self) {
        todo!("the writer is gone; whom to wake if another writer waits, and whom if none does?")
    }
}
