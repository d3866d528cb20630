//! A counting semaphore, given. It has what sem_post(3) and sem_wait(3) have: a count, and no owner.

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    permits: Mutex<usize>,
    released: Condvar,
}

impl Semaphore {
    /// A semaphore with this many permits available.
    pub fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(permits), released: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) {
        let permits = self.permits.lock().unwrap();
        *self.released.wait_while(permits, |permits| *permits == 0).unwrap() -= 1;
    }

    /// Takes a permit if one is available now, and says whether it did; never waits for one.
    pub fn try_acquire(&self) -> bool {
        let mut permits = self.permits.lock().unwrap();
        let is_available = *permits > 0;
        *permits -= usize::from(is_available);
        is_available
    }

    /// Adds a permit, and wakes a thread that waits for one. The caller need not have acquired one.
    pub fn release(&self) {
        *self.permits.lock().unwrap() += 1;
        self.released.notify_one();
    }

    /// How many permits could be taken now; in the next moment it may be another number.
    pub fn available(&self) -> usize {
        *self.permits.lock().unwrap()
    }
}
