//! `Mutex`, as `std::sync::Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::super::explorer;
use crate::lazy::Lazy;
use crate::recorder::{self, Action, Kind, ObjectId, Place, Wait};

/// A value behind a lock.
///
/// It is never poisoned: the threads of a scenario share one thread of the system, and while one of them
/// unwinds, std takes each of them for panicking. A panic that nobody catches ends the execution anyway.
pub struct Mutex<T> {
    inner: Lazy<explorer::Mutex<T>, T>,
    created_at: Place,
}

/// The lock, held; dropping it unlocks.
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct MutexGuard<'a, T> {
    pub(super) mutex: &'a Mutex<T>,
    /// Taken out by a wait, and by the drop.
    pub(super) inner: Option<explorer::MutexGuard<'a, T>>,
    /// Where it was locked: the drop has no line of its own.
    place: Place,
}

impl<T> Mutex<T> {
    /// An unlocked mutex with this value behind it.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { inner: Lazy::new(value), created_at: Location::caller() }
    }

    /// Takes the lock; waits until it can be taken.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    pub(super) fn lock_at(&self, place: Place) -> LockResult<MutexGuard<'_, T>> {
        let (me, id) = (explorer::me(), self.id());
        recorder::intends(me, place, Action::Operation("lock"), Some(id));
        recorder::waits(me, place, Wait::Lock(id), format!("lock {id}"));
        let locked = self.inner.get(explorer::Mutex::new).lock();
        recorder::goes_on(me);
        recorder::step(me, place, format!("lock {id}"));
        recorder::held_by(id, Some(me));
        Ok(self.guard(locked.unwrap_or_else(PoisonError::into_inner), place))
    }

    /// Takes the lock if it is free; never waits.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let (me, place, id) = (explorer::me(), Location::caller(), self.id());
        recorder::intends(me, place, Action::Operation("try_lock"), Some(id));
        let locked = self.inner.get(explorer::Mutex::new).try_lock();
        let busy = matches!(locked, Err(TryLockError::WouldBlock));
        recorder::step(
            me,
            place,
            format!("try_lock {id}: {}", if busy { "busy" } else { "taken" }),
        );
        if !busy {
            recorder::held_by(id, Some(me));
        }
        match locked {
            Ok(inner) => Ok(self.guard(inner, place)),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
            Err(TryLockError::Poisoned(poisoned)) => Ok(self.guard(poisoned.into_inner(), place)),
        }
    }

    /// The value, which nobody else can reach.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner().map_or_else(Ok, explorer::Mutex::into_inner)
    }

    pub(super) fn id(&self) -> ObjectId {
        recorder::object(Kind::Mutex, self, self.created_at)
    }

    pub(super) fn guard<'a>(
        &'a self,
        inner: explorer::MutexGuard<'a, T>,
        place: Place,
    ) -> MutexGuard<'a, T> {
        MutexGuard { mutex: self, inner: Some(inner), place }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_ref().expect("a guard that lives holds the lock")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("a guard that lives holds the lock")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else {
            return;
        };
        if explorer::is_over() {
            // The execution has failed and its threads are being unwound: nothing runs any more.
            std::mem::forget(inner);
            return;
        }
        let (me, id) = (explorer::me(), self.mutex.id());
        recorder::intends(me, self.place, Action::Operation("unlock"), Some(id));
        drop(inner);
        recorder::held_by(id, None);
        recorder::step(me, self.place, format!("unlock {id}"));
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
