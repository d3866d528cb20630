//! On a futex: one word says whether the slot is empty, being filled, being filled while others may sleep,
//! or full.
//!
//! Whoever makes FILLING of EMPTY has the turn. Whoever waits makes WAITED_FOR of FILLING first, so that the
//! end of the turn, a swap, learns that it has to wake. Who has the turn stands beside the word: only the thread
//! itself has to recognise itself, and it has written its own id before it runs anything.

#![allow(unsafe_code)]

use crate::slot::Slot;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Mutex, futex};

const EMPTY: u32 = 0;
const FILLING: u32 = 1;
const WAITED_FOR: u32 = 2;
const FULL: u32 = 3;

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    state: AtomicU32,
    filler: Mutex<Option<ThreadId>>,
    slot: Slot<T>,
}

// SAFETY: several threads get a `&T` at the same time, so `T: Sync`. A thread that has only a
// `&OnceCell<T>` puts in a `T` that another thread drops with the cell, so `T: Send`.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self { state: AtomicU32::new(EMPTY), filler: Mutex::new(None), slot: Slot::empty() }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        if self.state.load(Ordering::Acquire) != FULL {
            return None;
        }
        // SAFETY: FULL is stored after the put, and was acquired.
        Some(unsafe { self.slot.get() })
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
        self.fill_with(|| value.take().expect("called once"));
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
        if self.get().is_none() {
            self.fill_with(init);
        }
        self.get().expect("full after fill_with")
    }

    fn fill_with(&self, init: impl FnOnce() -> T) {
        loop {
            let (success, failure) = (Ordering::Acquire, Ordering::Acquire);
            match self.state.compare_exchange(EMPTY, FILLING, success, failure) {
                Ok(_) => break,
                Err(FULL) => return,
                Err(state) => {
                    let filler = *self.filler.lock().unwrap();
                    let is_mine = filler == Some(thread::current().id());
                    assert!(!is_mine, "re-entrant call: this thread fills the cell");
                    let relaxed = Ordering::Relaxed;
                    if state == WAITED_FOR
                        || self.state.compare_exchange(FILLING, WAITED_FOR, relaxed, relaxed).is_ok()
                    {
                        futex::wait(&self.state, WAITED_FOR);
                    }
                }
            }
        }
        *self.filler.lock().unwrap() = Some(thread::current().id());
        let mut turn = Turn { cell: self, end: EMPTY };
        let value = init();
        // SAFETY: the turn is ours, the slot is empty, and nobody reads before FULL.
        unsafe { self.slot.put(value) };
        turn.end = FULL;
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.state.load(Ordering::Acquire) == FULL {
            // SAFETY: FULL says that there is a value.
            unsafe { self.slot.drop_value() }
        }
    }
}

/// Ends the turn when it is dropped, in this state.
struct Turn<'a, T> {
    cell: &'a OnceCell<T>,
    end: u32,
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        *self.cell.filler.lock().unwrap() = None;
        if self.cell.state.swap(self.end, Ordering::AcqRel) == WAITED_FOR {
            futex::wake_all(&self.cell.state);
        }
    }
}
