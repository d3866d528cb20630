//! The mutex is held while the closure runs: whoever waits, waits for the mutex, and nobody has to be woken.
//!
//! A second mutex, which is never held for long, says who holds the first. A closure that panics poisons the
//! first: that says nothing here, for the slot is as empty as before.

#![allow(unsafe_code)]

use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Mutex, PoisonError};

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    slot: Slot<T>,
    is_full: AtomicBool,
    turn: Mutex<()>,
    holder: Mutex<Option<ThreadId>>,
}

// SAFETY: several threads get a `&T` at the same time, so `T: Sync`. A thread that has only a
// `&OnceCell<T>` puts in a `T` that another thread drops with the cell, so `T: Send`.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self {
            slot: Slot::empty(),
            is_full: AtomicBool::new(false),
            turn: Mutex::new(()),
            holder: Mutex::new(None),
        }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: the flag is set after the put, and was acquired.
        self.is_full.load(Ordering::Acquire).then(|| unsafe { self.slot.get() })
    }

    /// Puts the value in, or gives it back if there is one already.
    ///
    /// While a thread runs its closure in `get_or_init`, others sleep here until that has ended.
    ///
    /// # Panics
    ///
    /// If this thread runs such a closure of this cell: the message contains the word `re-entrant`.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
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
        if let Some(value) = self.get() {
            return value;
        }
        let me = Some(thread::current().id());
        assert!(*self.holder.lock().unwrap() != me, "re-entrant: this thread is in its closure");
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.get().is_none() {
            *self.holder.lock().unwrap() = me;
            let holder = Holder(&self.holder);
            let value = init();
            // SAFETY: under the mutex, and the slot is empty.
            unsafe { self.slot.put(value) };
            self.is_full.store(true, Ordering::Release);
            drop(holder);
        }
        drop(turn);
        self.get().expect("whoever has had the mutex has seen to it")
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.get().is_some() {
            // SAFETY: there is a value.
            unsafe { self.slot.drop_value() }
        }
    }
}

struct Holder<'a>(&'a Mutex<Option<ThreadId>>);

impl Drop for Holder<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = None;
    }
}
