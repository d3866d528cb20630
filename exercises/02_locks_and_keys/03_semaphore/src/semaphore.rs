//! A counting semaphore on a mutex and a condition variable.

// use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    // What has to be remembered, and what do waiting threads sleep on?
}

/// One permit of a [`Semaphore`], given back when it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once is given back at once"]
pub struct Permit<'a> {
    _semaphore: &'a Semaphore,
}

impl Semaphore {
    /// A semaphore with this many permits available; any number, also 0 and `usize::MAX`.
    pub fn new(permits: usize) -> Self {
        todo!("remember that {permits} permits are available")
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        todo!("wait until a permit is available, then take it")
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        todo!("take a permit, or say that there is none")
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    ///
    /// The caller need not have acquired them. There are never more at a time than a `usize` holds.
    pub fn release(&self, count: usize) {
        todo!("add {count} permits, then wake those who wait")
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        todo!("how many permits are left?")
    }
}

// A permit comes back when it is dropped: which trait of the standard library says that?
