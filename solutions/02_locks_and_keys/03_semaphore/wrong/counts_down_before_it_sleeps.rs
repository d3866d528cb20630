//! Misconception: acquire counts down at once; below zero the count says how many wait.
//! Kind: edge value
//! Caught by: one_permit_lets_one_of_two_waiters_on
//! Message: a waiter subtracts its permit before it sleeps

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    permits: Mutex<isize>,
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
        Self { permits: Mutex::new(permits.cast_signed()), returned: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let mut permits = self.permits.lock().unwrap();
        *permits -= 1;
        while *permits < 0 {
            permits = self.returned.wait(permits).unwrap();
        }
        Permit { semaphore: self }
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut permits = self.permits.lock().unwrap();
        if *permits <= 0 {
            return None;
        }
        *permits -= 1;
        Some(Permit { semaphore: self })
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    pub fn release(&self, count: usize) {
        *self.permits.lock().unwrap() += count.cast_signed();
        self.returned.notify_all();
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        (*self.permits.lock().unwrap()).max(0).cast_unsigned()
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
