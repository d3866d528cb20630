//! A mutex and a condition variable whose operations are steps.

use std::collections::VecDeque;
use std::sync::Arc;
use std::{mem, ops, sync};

use super::{LockResult, PoisonError, TryLockError, plain};

/// A [`std::sync::Mutex`]; taking it is a step.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// The guard of a [`Mutex`].
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// As [`std::sync::Mutex::lock`].
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        plain("Mutex::lock");
        match self.0.lock() {
            Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
            Err(error) => {
                let guard = error.into_inner();
                Err(PoisonError::new(MutexGuard { mutex: self, guard }))
            }
        }
    }

    /// As [`std::sync::Mutex::try_lock`].
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        plain("Mutex::try_lock");
        match self.0.try_lock() {
            Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
            Err(sync::TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
            Err(sync::TryLockError::Poisoned(error)) => {
                let guard = error.into_inner();
                Err(PoisonError::new(MutexGuard { mutex: self, guard }).into())
            }
        }
    }

    /// As [`std::sync::Mutex::into_inner`].
    pub fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }

    /// As [`std::sync::Mutex::get_mut`].
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }
}

impl<T> ops::Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A [`std::sync::Condvar`]; to wait, to lock again after a wake-up and to notify are steps.
#[derive(Debug, Default)]
pub struct Condvar {
    waiters: sync::Mutex<VecDeque<Arc<Waiter>>>,
}

#[derive(Debug, Default)]
struct Waiter {
    notified: sync::Mutex<bool>,
    changed: sync::Condvar,
}

impl Condvar {
    /// A condition variable that nobody waits on.
    pub const fn new() -> Self {
        Self { waiters: sync::Mutex::new(VecDeque::new()) }
    }

    /// Waits for a notification.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        plain("Condvar::wait");
        let waiter = Arc::new(Waiter::default());
        // In the queue before the mutex is free: no notification is lost in between.
        self.waiters.lock().unwrap().push_back(Arc::clone(&waiter));
        let mutex = guard.mutex;
        drop(guard);
        let notified = waiter.notified.lock().unwrap();
        drop(waiter.changed.wait_while(notified, |notified| !*notified).unwrap());
        mutex.lock()
    }

    /// Waits until `condition` no longer holds.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Wakes one waiter, the one that has waited longest.
    #[track_caller]
    pub fn notify_one(&self) {
        plain("Condvar::notify_one");
        if let Some(waiter) = self.waiters.lock().unwrap().pop_front() {
            waiter.notify();
        }
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        plain("Condvar::notify_all");
        for waiter in mem::take(&mut *self.waiters.lock().unwrap()) {
            waiter.notify();
        }
    }
}

impl Waiter {
    fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }
}
