//! `Condvar`, as `std::sync::Condvar`, with waits that may wake up for no reason.

use std::fmt;
use std::panic::Location;
use std::sync::{LockResult, PoisonError};

use super::super::explorer;
use super::{MutexGuard, wake_up};
use crate::lazy::Lazy;
use crate::recorder::{self, Action, Kind, ObjectId, Place};

/// A condition variable.
pub struct Condvar {
    inner: Lazy<explorer::Condvar, ()>,
    created_at: Place,
}

impl Condvar {
    /// A condition variable that nobody waits on.
    #[track_caller]
    pub const fn new() -> Self {
        Self { inner: Lazy::new(()), created_at: Location::caller() }
    }

    /// Unlocks, waits for a notification, and locks again; may return without a notification.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_at(guard, Location::caller())
    }

    /// Waits until `condition` no longer holds.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait_at(guard, Location::caller())?;
        }
        Ok(guard)
    }

    /// Wakes one waiter, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        let place = Location::caller();
        self.notify("notify_one", 1, place, explorer::Condvar::notify_one);
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        let place = Location::caller();
        self.notify("notify_all", usize::MAX, place, explorer::Condvar::notify_all);
    }

    fn wait_at<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        place: Place,
    ) -> LockResult<MutexGuard<'a, T>> {
        let (me, id, mutex) = (explorer::me(), self.id(), guard.mutex);
        let lock = mutex.id();
        recorder::intends(me, place, Action::Operation("wait"), Some(id));
        if explorer::wakes_spuriously() {
            recorder::step(me, place, format!("wait {id}: wakes for no reason"));
            // As in any wait, others may come in between: what is true then need not be what it was.
            drop(guard);
            return mutex.lock_at(place);
        }
        // Others may run before the wait begins. Once it has, it is in the record, and none run until
        // the lock is free and this thread sleeps.
        explorer::scheduling_point();
        let inner = guard.inner.take().expect("a guard that lives holds the lock");
        recorder::held_by(lock, None);
        recorder::step(me, place, format!("wait {id}, unlock {lock}"));
        wake_up::wait(me, place, Some(id), Some(lock), format!("wait {id}"));
        explorer::keep_running();
        let woken = self.inner().wait(inner);
        recorder::goes_on(me);
        recorder::step(me, place, format!("woken, lock {lock}"));
        recorder::held_by(lock, Some(me));
        Ok(mutex.guard(woken.unwrap_or_else(PoisonError::into_inner), place))
    }

    fn notify(
        &self,
        name: &'static str,
        most: usize,
        place: Place,
        notify: impl FnOnce(&explorer::Condvar),
    ) {
        let (me, id) = (explorer::me(), self.id());
        recorder::intends(me, place, Action::Operation(name), Some(id));
        notify(self.inner());
        let nobody = if recorder::wake_up(id, most) == 0 { ": nobody waits" } else { "" };
        recorder::step(me, place, format!("{name} {id}{nobody}"));
    }

    fn inner(&self) -> &explorer::Condvar {
        self.inner.get(|()| explorer::Condvar::new())
    }

    fn id(&self) -> ObjectId {
        recorder::object(Kind::Condvar, self, self.created_at)
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
