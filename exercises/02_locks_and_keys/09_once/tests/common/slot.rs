//! `src/slot.rs`, checked: what its functions ask for is looked at in each call.
//!
//! `crate::sync::UnsafeCell` notices two threads in one slot, and a `get` that nothing orders after the
//! `put`.

#![allow(unsafe_code)]
#![allow(dead_code)]

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync;

thread_local! {
    static PUTS: Cell<usize> = const { Cell::new(0) };
}

/// How many values this thread has put into slots.
pub fn puts() -> usize {
    PUTS.get()
}

/// Memory that is empty or holds a `T`, and that does know which.
pub struct Slot<T> {
    value: UnsafeCell<MaybeUninit<T>>,
    is_full: AtomicBool,
    /// Written in `put`, read in `get`.
    access: sync::UnsafeCell<()>,
}

impl<T> Slot<T> {
    /// An empty slot.
    pub const fn empty() -> Self {
        Self {
            value: UnsafeCell::new(MaybeUninit::uninit()),
            is_full: AtomicBool::new(false),
            access: sync::UnsafeCell::new(()),
        }
    }

    /// Puts the value in.
    ///
    /// # Safety
    ///
    /// Everything is checked but one thing: no reference to a value is alive.
    ///
    /// # Panics
    ///
    /// If the slot is full.
    #[track_caller]
    pub unsafe fn put(&self, value: T) {
        PUTS.set(PUTS.get() + 1);
        self.access.set(());
        let was_full = self.is_full.load(Ordering::SeqCst);
        assert!(
            !was_full,
            "Slot::put, and the slot is full: a second value would be put over the first"
        );
        // SAFETY: nobody else is here, or the access would have been a data race; there is no value yet
        // that anybody could have a reference to.
        let slot = unsafe { &mut *self.value.get() };
        slot.write(value);
        self.is_full.store(true, Ordering::SeqCst);
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// None: it is checked.
    ///
    /// # Panics
    ///
    /// If the slot is empty.
    #[track_caller]
    pub unsafe fn get(&self) -> &T {
        self.access.get();
        let is_full = self.is_full.load(Ordering::SeqCst);
        assert!(
            is_full,
            "Slot::get, and the slot is empty: a value that is not there would be read"
        );
        // SAFETY: it is full, so the `put` is over, and there will be no other.
        let slot = unsafe { &*self.value.get() };
        // SAFETY: it is full.
        unsafe { slot.assume_init_ref() }
    }

    /// Drops the value.
    ///
    /// # Safety
    ///
    /// None: it is checked.
    ///
    /// # Panics
    ///
    /// If the slot is empty.
    pub unsafe fn drop_value(&mut self) {
        let was_full = self.is_full.swap(false, Ordering::SeqCst);
        assert!(
            was_full,
            "Slot::drop_value, and the slot is empty: a value that is not there would be dropped"
        );
        // SAFETY: it was full.
        unsafe { self.value.get_mut().assume_init_drop() }
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
