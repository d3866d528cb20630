//! The shortest: every release notifies, heard or not. Of std's `Condvar` each of them is a system call.
//!
//! Why it works: the count is read and changed only under the mutex, so between "there is a permit"
//! and taking it nobody else can take it. A thread that finds none gives up the mutex and falls
//! asleep in one step (`Condvar::wait`), so a release cannot slip in between. And the condition is
//! asked again after every wake-up, so neither a spurious one nor a permit that another thread took
//! first can let a thread through.

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    /// Permits that can be taken now.
    permits: Mutex<usize>,
    /// Notified when permits have come back.
    returned: Condvar,
}

/// One permit of a [`Semaphore`], given back when it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once is given back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    /// A semaphore with this many permits available; any number, also 0 and `usize::MAX`.
    pub fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(permits), returned: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let mut permits = self.permits.lock().unwrap();
        while *permits == 0 {
            permits = self.returned.wait(permits).unwrap();
        }
        *permits -= 1;
        Permit { semaphore: self }
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut permits = self.permits.lock().unwrap();
        // The mutex is held for a few instructions only: waiting for it is not waiting for a permit.
        *permits = permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    ///
    /// The caller need not have acquired them. All permits that there ever are fit into a `usize`.
    pub fn release(&self, count: usize) {
        *self.permits.lock().unwrap() += count;
        // One permit lets one thread on. For several, all are woken: whoever finds the count at
        // zero again goes back to sleep.
        match count {
            0 => {}
            1 => self.returned.notify_one(),
            _ => self.returned.notify_all(),
        }
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        *self.permits.lock().unwrap()
    }
}

impl Drop for Permit<'_> {
    /// Runs at the end of the holder's scope, and also when a panic unwinds through it.
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
