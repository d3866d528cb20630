//! Misconception: the bit that says that somebody sleeps harms nobody when they are awake again.
//! Kind: next use
//! Caught by: a_look_at_a_value_takes_no_lock_and_calls_no_kernel::past_2_filled_while_others_slept::look_2_value_or_init
//! Message: is not taken back, and hides the value

//! A cell that is written at most once, and that every thread reads.

#![allow(unsafe_code)]

use crate::slot::Slot;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Mutex, futex};

const EMPTY: u32 = 0;
const RUNNING: u32 = 1;
const FULL: u32 = 2;
/// Beside one of the others: somebody may sleep.
const AWAITED: u32 = 4;

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    slot: Slot<T>,
    state: AtomicU32,
    /// The thread that makes the value.
    filler: Mutex<Option<ThreadId>>,
}

// SAFETY: threads that share the cell get `&T` of one value (`T: Sync`), and one may put in or drop a value
// that another one has made (`T: Send`). `put` is called only by the one filler, before `FULL`.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self { slot: Slot::empty(), state: AtomicU32::new(EMPTY), filler: Mutex::new(None) }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: `FULL` is stored with Release after the only `put`.
        (self.state.load(Ordering::Acquire) & FULL != 0).then(|| unsafe { self.slot.get() })
    }

    /// Puts the value in, or gives it back if there is one already.
    ///
    /// While a thread runs its closure in `get_or_init`, others sleep here until that has ended.
    ///
    /// # Panics
    ///
    /// If this thread runs such a closure of this cell: the message contains the word `re-entrant`.
    pub fn set(&self, value: T) -> Result<(), T> {
        if !self.begin() {
            return Err(value);
        }
        Filling { cell: self, is_full: false }.fill(value);
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
        if self.state.load(Ordering::Acquire) == FULL {
            // SAFETY: `FULL` is stored with Release after the only `put`.
            return unsafe { self.slot.get() };
        }
        if self.begin() {
            let filling = Filling { cell: self, is_full: false };
            let value = init();
            filling.fill(value);
        }
        // SAFETY: it is `FULL`, and `begin` or this thread itself has seen the `put`.
        unsafe { self.slot.get() }
    }

    /// Waits until the cell is full (`false`), or this thread is to fill it (`true`).
    fn begin(&self) -> bool {
        let me = thread::current().id();
        loop {
            let is_mine = *self.filler.lock().unwrap() == Some(me);
            assert!(!is_mine, "re-entrant call: this thread makes the value of this cell");
            let state = self.state.load(Ordering::Acquire);
            if state & FULL != 0 {
                return false;
            }
            let next = if state == EMPTY { RUNNING } else { state | AWAITED };
            if self
                .state
                .compare_exchange(state, next, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                continue;
            }
            if state == EMPTY {
                *self.filler.lock().unwrap() = Some(me);
                return true;
            }
            futex::wait(&self.state, next);
        }
    }
}

/// This thread makes the value; when that is over, however it ends, the others go on.
struct Filling<'a, T> {
    cell: &'a OnceCell<T>,
    is_full: bool,
}

impl<T> Filling<'_, T> {
    fn fill(mut self, value: T) {
        // SAFETY: the slot is empty, as it is not `FULL`; nobody else is the filler, and nobody reads.
        unsafe { self.cell.slot.put(value) };
        self.is_full = true;
    }
}

impl<T> Drop for Filling<'_, T> {
    fn drop(&mut self) {
        *self.cell.filler.lock().unwrap() = None;
        let state = &self.cell.state;
        let before = if self.is_full {
            state.fetch_add(FULL - RUNNING, Ordering::Release)
        } else {
            state.swap(EMPTY, Ordering::Release)
        };
        if before & AWAITED != 0 {
            futex::wake_all(&self.cell.state);
        }
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.state.load(Ordering::Acquire) & FULL != 0 {
            // SAFETY: there is a value, and nobody can use it any more.
            unsafe { self.slot.drop_value() };
        }
    }
}
