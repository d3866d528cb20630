//! Room for one value. Given.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;

/// Memory that is empty or holds a `T`, and that does not know which.
///
/// It is as `Send` as its `T`, and never `Sync`. It drops nothing by itself.
pub struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Slot<T> {
    /// An empty slot.
    pub const fn empty() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Puts the value in.
    ///
    /// # Safety
    ///
    /// The slot is empty, and no other thread is in `put` or `get` during the call.
    pub unsafe fn put(&self, value: T) {
        // SAFETY: the caller promises that no other thread is here, and that nobody has a reference to
        // a value.
        let slot = unsafe { &mut *self.0.get() };
        slot.write(value);
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// The slot is full, and the `put` happened before this call.
    pub unsafe fn get(&self) -> &T {
        // SAFETY: the caller promises that the only `put` is over: nobody writes here any more.
        let slot = unsafe { &*self.0.get() };
        // SAFETY: the caller promises that there is a value.
        unsafe { slot.assume_init_ref() }
    }

    /// Drops the value.
    ///
    /// # Safety
    ///
    /// The slot is full. From now on it is empty.
    pub unsafe fn drop_value(&mut self) {
        // SAFETY: the caller promises that there is a value.
        unsafe { self.0.get_mut().assume_init_drop() }
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
