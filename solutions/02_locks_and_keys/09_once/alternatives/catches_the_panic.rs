//! The whole state is one enum under the mutex; an atomic beside it is for readers. No guard: the panic of the
//! closure is caught and goes on when the state has been put back. Then one sleeper is woken, for one can go on.

#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::slot::Slot;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Condvar, Mutex};

#[derive(Debug, Clone, Copy)]
enum State {
    Empty,
    FilledBy(ThreadId),
    Full,
}

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    slot: Slot<T>,
    values: AtomicU32,
    state: Mutex<State>,
    changed: Condvar,
}

// SAFETY: several threads get a `&T` at the same time, so `T: Sync`. A thread that has only a
// `&OnceCell<T>` puts in a `T` that another thread drops with the cell, so `T: Send`.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        let state = Mutex::new(State::Empty);
        Self { slot: Slot::empty(), values: AtomicU32::new(0), state, changed: Condvar::new() }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        match self.values.load(Ordering::SeqCst) {
            0 => None,
            // SAFETY: counted after the put, with SeqCst.
            _ => Some(unsafe { self.slot.get() }),
        }
    }

    /// Puts the value in, or gives it back if there is one already.
    ///
    /// While a thread runs its closure in `get_or_init`, others sleep here until that has ended.
    ///
    /// # Panics
    ///
    /// If this thread runs such a closure of this cell: the message contains the word `re-entrant`.
    pub fn set(&self, value: T) -> Result<(), T> {
        if !self.takes_the_turn() {
            return Err(value);
        }
        self.fill(value);
        Ok(())
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
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            if self.takes_the_turn() {
                match catch_unwind(AssertUnwindSafe(init)) {
                    Ok(value) => self.fill(value),
                    Err(panic) => {
                        *self.state.lock().unwrap() = State::Empty;
                        self.changed.notify_one();
                        resume_unwind(panic);
                    }
                }
                return self.get().expect("just filled");
            }
        }
    }

    fn takes_the_turn(&self) -> bool {
        let me = thread::current().id();
        let is_filled = |state: &mut State| matches!(state, State::FilledBy(other) if *other != me);
        let mut state = self.changed.wait_while(self.state.lock().unwrap(), is_filled).unwrap();
        match *state {
            State::Full => false,
            State::Empty => {
                *state = State::FilledBy(me);
                true
            }
            State::FilledBy(_) => {
                drop(state);
                panic!("this call is re-entrant");
            }
        }
    }

    fn fill(&self, value: T) {
        // SAFETY: the turn is ours, and nobody reads before the value is counted.
        unsafe { self.slot.put(value) };
        self.values.fetch_add(1, Ordering::SeqCst);
        *self.state.lock().unwrap() = State::Full;
        self.changed.notify_all();
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.values.load(Ordering::SeqCst) == 1 {
            // SAFETY: there is a value.
            unsafe { self.slot.drop_value() }
        }
    }
}
