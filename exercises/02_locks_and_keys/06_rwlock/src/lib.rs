//! A read-write lock. Yours is `src/rwlock.rs`; this file puts a value behind your lock.
//!
//! What is unsafe about it stands here, and rests on your promise alone: whoever is inside by `write`
//! is alone, and whoever is inside by `read` is so with other readers only.

#![allow(unsafe_code)]

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod rwlock;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use rwlock::RawRwLock;

/// A value that many threads can read together, or one can change.
#[derive(Debug)]
pub struct RwLock<T> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: `&RwLock<T>` gives a `&mut T` to the one writer, which may move the value away: `T: Send`. It
// gives a `&T` to several readers at once: `T: Sync`.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock with this value behind it.
    pub const fn new(value: T) -> Self {
        Self { raw: RawRwLock::new(), value: UnsafeCell::new(value) }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) -> ReadGuard<'_, T> {
        self.raw.read();
        ReadGuard { lock: self, not_send: PhantomData }
    }

    /// Gets in beside other readers unless a writer is inside or waits; never waits.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        self.raw.try_read().then(|| ReadGuard { lock: self, not_send: PhantomData })
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) -> WriteGuard<'_, T> {
        self.raw.write();
        WriteGuard { lock: self, not_send: PhantomData }
    }

    /// Gets in alone if nobody is inside; never waits.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.raw.try_write().then(|| WriteGuard { lock: self, not_send: PhantomData })
    }

    /// The value: no other thread can reach it any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// One reader inside; dropping it lets the reader out.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct ReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// The thread that got in gets out. A raw pointer is neither `Send` nor `Sync`.
    not_send: PhantomData<*const T>,
}

/// The writer inside; dropping it lets the writer out.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct WriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    not_send: PhantomData<*const T>,
}

// SAFETY: a `&ReadGuard<T>` gives a `&T` and nothing else.
unsafe impl<T: Sync> Sync for ReadGuard<'_, T> {}

// SAFETY: a `&WriteGuard<T>` gives a `&T` and nothing else.
unsafe impl<T: Sync> Sync for WriteGuard<'_, T> {}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard lives, so a reader is inside and no writer: nobody has a `&mut T`.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard lives, so this thread is alone inside and nobody else reaches the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and `&mut self` says that no `&T` of this guard is alive.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.raw.unlock_read();
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    /// Runs at the end of the writer's scope, and also when a panic unwinds through it.
    fn drop(&mut self) {
        self.lock.raw.unlock_write();
    }
}
