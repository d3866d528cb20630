//! A mutex. Yours is `src/mutex.rs`; this file puts a value behind your lock.
//!
//! What is unsafe about a mutex stands here, and rests on your promise alone: between a `lock` (or a
//! `try_lock` that said yes) and the `unlock` that belongs to it, no other thread gets in.

#![allow(unsafe_code)]

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use mutex::RawMutex;

/// A value that one thread at a time can reach.
#[derive(Debug)]
pub struct Mutex<T> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: `&Mutex<T>` gives a `&mut T` to whichever thread holds the lock, one at a time. That is a
// way to send a `T` to that thread, so `T: Send` is needed, and it is enough.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex with this value behind it.
    pub const fn new(value: T) -> Self {
        Self { raw: RawMutex::new(), value: UnsafeCell::new(value) }
    }

    /// Takes the lock; sleeps until it can be taken.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.raw.lock();
        MutexGuard { mutex: self, not_send: PhantomData }
    }

    /// Takes the lock if it is free; never waits.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_lock().then(|| MutexGuard { mutex: self, not_send: PhantomData })
    }

    /// The value: no other thread can reach it any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// The lock, held; dropping it unlocks.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// A mutex has an owner: the thread that locked it unlocks it. A raw pointer is neither `Send`
    /// nor `Sync`, and so is what holds one.
    not_send: PhantomData<*const T>,
}

// SAFETY: a `&MutexGuard<T>` gives a `&T` and nothing else.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard lives, so this thread holds the lock and nobody else reaches the value.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and `&mut self` says that no `&T` of this guard is alive.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    /// Runs at the end of the holder's scope, and also when a panic unwinds through it.
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}
