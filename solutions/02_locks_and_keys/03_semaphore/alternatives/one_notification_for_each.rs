//! As many notifications as permits, under the mutex; `wait_while` asks again.

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
    /// A semaphore with this many permits available.
    pub fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(permits), returned: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let permits = self.permits.lock().unwrap();
        let mut permits = self.returned.wait_while(permits, |permits| *permits == 0).unwrap();
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
    /// The caller need not have acquired them.
    pub fn release(&self, count: usize) {
        let mut permits = self.permits.lock().unwrap();
        *permits += count;
        for _ in 0..count {
            self.returned.notify_one();
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
