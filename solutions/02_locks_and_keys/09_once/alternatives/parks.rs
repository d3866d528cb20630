//! Whoever waits puts itself into a list and parks; whoever ends a turn takes the list and unparks all.
//!
//! Being in the list and the state are under one mutex, so nobody parks whom the end of the turn does not see. An
//! unpark that comes before the park is kept. The list is emptied by whoever ends the turn.

#![allow(unsafe_code)]

use std::mem;

use crate::slot::Slot;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::thread::{self, Thread, ThreadId};

#[derive(Debug)]
struct Turn {
    filler: Option<ThreadId>,
    waiting: Vec<Thread>,
}

/// Room for one value, which is put in at most once and stays.
#[derive(Debug)]
pub struct OnceCell<T> {
    turn: Mutex<Turn>,
    is_full: AtomicBool,
    slot: Slot<T>,
}

// SAFETY: several threads get a `&T` at the same time, so `T: Sync`. A thread that has only a
// `&OnceCell<T>` puts in a `T` that another thread drops with the cell, so `T: Send`.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Self {
            turn: Mutex::new(Turn { filler: None, waiting: Vec::new() }),
            is_full: AtomicBool::new(false),
            slot: Slot::empty(),
        }
    }

    /// The value, or `None` while there is none. Takes no lock and never waits.
    pub fn get(&self) -> Option<&T> {
        if !self.is_full.load(Ordering::Relaxed) {
            return None;
        }
        fence(Ordering::Acquire);
        // SAFETY: the flag is set after the put; the fence orders the put before this.
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
        let Some(end) = self.begin() else {
            return Err(value);
        };
        end.with(value);
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
        if self.get().is_none()
            && let Some(end) = self.begin()
        {
            end.with(init());
        }
        self.get().expect("begin has no turn for a full cell only")
    }

    fn begin(&self) -> Option<End<'_, T>> {
        let me = thread::current();
        loop {
            if self.get().is_some() {
                return None;
            }
            let mut turn = self.turn.lock().unwrap();
            let Some(filler) = turn.filler else {
                if self.get().is_some() {
                    return None;
                }
                turn.filler = Some(me.id());
                return Some(End(self));
            };
            if filler == me.id() {
                drop(turn);
                panic!("a re-entrant call would wait for itself");
            }
            if turn.waiting.iter().all(|waiting| waiting.id() != me.id()) {
                turn.waiting.push(me.clone());
            }
            drop(turn);
            thread::park();
        }
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if self.is_full.load(Ordering::Relaxed) {
            // SAFETY: there is a value.
            unsafe { self.slot.drop_value() }
        }
    }
}

struct End<'a, T>(&'a OnceCell<T>);

impl<T> End<'_, T> {
    fn with(self, value: T) {
        // SAFETY: the turn is ours, and nobody reads before the flag.
        unsafe { self.0.slot.put(value) };
        self.0.is_full.store(true, Ordering::Release);
    }
}

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let mut turn = self.0.turn.lock().unwrap();
        turn.filler = None;
        let waiting = mem::take(&mut turn.waiting);
        drop(turn);
        waiting.iter().for_each(Thread::unpark);
    }
}
