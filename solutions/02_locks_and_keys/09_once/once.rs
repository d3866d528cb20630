//! A cell that is written at most once, and that every thread reads.
//!
//! Why it works: a thread that wants to fill the slot needs the *turn*, and the mutex gives it to one
//! thread at a time, and to none when the slot is full. So at most one thread ever writes. The thread that
//! has written says so with a store (`Release`); a thread that reads this store (`Acquire`) sees the value,
//! too, and nobody writes any more: it needs no lock.
//!
//! The closure runs without the mutex held, so whoever comes meanwhile can look who has the turn. It is
//! another thread: sleep until the turn is over. It is this thread: it would wait for itself. The turn ends
//! when its owner is dropped, with a value or in a panic, and then all sleepers look again.

#![allow(unsafe_code)]

use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Condvar, Mutex};

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    slot: Slot<T>,
    /// Whether there is a value. Only ever goes from `false` to `true`.
    is_full: AtomicBool,
    /// The thread that has the turn.
    filler: Mutex<Option<ThreadId>>,
    turn_is_over: Condvar,
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
            filler: Mutex::new(None),
            turn_is_over: Condvar::new(),
        }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        // Acquire: what was written before the store that this reads, the value, is seen from here on.
        if !self.is_full.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: `is_full` is stored after the only `put`, and was acquired.
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
        match self.turn() {
            Some(turn) => {
                turn.fill(value);
                Ok(())
            }
            None => Err(value),
        }
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
        if let Some(turn) = self.turn() {
            turn.fill(init());
        }
        self.get().expect("there is a value, or there was a turn to put one in")
    }

    /// Sleeps while another thread has the turn, and takes it; `None` if there is a value by then.
    fn turn(&self) -> Option<Turn<'_, T>> {
        let me = thread::current().id();
        let mut filler = self.filler.lock().unwrap();
        while self.get().is_none() {
            match *filler {
                None => {
                    *filler = Some(me);
                    return Some(Turn { cell: self });
                }
                Some(other) if other != me => filler = self.turn_is_over.wait(filler).unwrap(),
                Some(_) => {
                    // Unlocked first: a mutex that is held in a panic is poisoned.
                    drop(filler);
                    panic!("re-entrant: the closure that fills this cell waits for the cell");
                }
            }
        }
        None
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        // Relaxed: whoever has `&mut` comes after all others.
        if self.is_full.load(Ordering::Relaxed) {
            // SAFETY: `is_full` says that there is a value.
            unsafe { self.slot.drop_value() }
        }
    }
}

/// The right to fill the slot. Dropping it lets the next one look, also when a panic unwinds.
struct Turn<'a, T> {
    cell: &'a OnceCell<T>,
}

impl<T> Turn<'_, T> {
    fn fill(self, value: T) {
        // SAFETY: the turn is given to one thread at a time and only while the slot is empty, and nobody
        // reads before `is_full` is true.
        unsafe { self.cell.slot.put(value) };
        // Release: whoever reads this `true` sees the value. First the value, then the flag.
        self.cell.is_full.store(true, Ordering::Release);
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        *self.cell.filler.lock().unwrap() = None;
        // All: with a value everybody goes on, without one somebody else takes the turn.
        self.cell.turn_is_over.notify_all();
    }
}
