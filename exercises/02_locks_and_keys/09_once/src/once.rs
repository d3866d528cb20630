//! A cell that is written at most once, and that every thread reads.

#![allow(unsafe_code)]

use crate::slot::Slot;
// use crate::sync::atomic::{AtomicBool, Ordering};
// use crate::sync::thread::{self, ThreadId};
// use crate::sync::{Condvar, Mutex};

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    _slot: Slot<T>,
    // What says that the slot is full? Who fills it? On what do the others sleep?
}

// SAFETY: which promise stands here? As it is, it says that threads may share a cell of whatever `T`.
unsafe impl<T> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self { _slot: Slot::empty() }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        todo!("may {:?} be read? What tells you, and what makes it visible?", self._slot)
    }

    /// Puts the value in, or gives it back if there is one already.
    ///
    /// While a thread runs its closure in `get_or_init`, others sleep here until that has ended.
    ///
    /// # Panics
    ///
    /// If this thread runs such a closure of this cell: the message contains the word `re-entrant`.
    pub fn set(&self, value: T) -> Result<(), T> {
        drop(value);
        todo!("wait until nobody fills the slot; if it is empty, fill it; whom to wake?")
    }

    /// The value; if there is none, the one that `init` returns.
    ///
    /// One thread at a time runs its `init`, the others sleep here until that has ended. If `init`
    /// panics, the cell stays empty, and one of the others runs its own.
    ///
    /// # Panics
    ///
    /// With the panic of `init`; and as [`OnceCell::set`] does.
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        todo!("at most one thread at a time calls {}", std::any::type_name_of_val(&init))
    }
}

// The slot drops nothing by itself: who drops the value, and when is there one?
