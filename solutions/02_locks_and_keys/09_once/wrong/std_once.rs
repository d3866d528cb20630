//! Misconception: std::sync::Once does it all.
//! Kind: evasion
//! Caught by: the_value_lies_in_the_slot_and_an_atomic_says_so
//! Message: something of `std` does the work
//!
//! On the once cell of the standard library.

#![allow(unsafe_code)]

use std::sync::OnceLock;

use crate::slot::Slot;

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    _slot: Slot<T>,
    value: OnceLock<T>,
}

// SAFETY: as OnceLock.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self { _slot: Slot::empty(), value: OnceLock::new() }
    }

    /// The value, or `None` while there is none.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Puts the value in, or gives it back if there is one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)
    }

    /// The value; if there is none, the one that `init` returns.
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        self.value.get_or_init(init)
    }
}
