//! Those who wait stand in line: each draws a ticket, and a permit goes to the lowest ticket that waits.

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    counter: Mutex<Counter>,
    moved: Condvar,
}

#[derive(Debug)]
struct Counter {
    permits: usize,
    /// The next ticket that is drawn.
    next: usize,
    /// The ticket whose turn it is.
    served: usize,
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
        let counter = Counter { permits, next: 0, served: 0 };
        Self { counter: Mutex::new(counter), moved: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let mut counter = self.counter.lock().unwrap();
        let ticket = counter.next;
        counter.next = ticket.wrapping_add(1);
        while counter.permits == 0 || counter.served != ticket {
            counter = self.moved.wait(counter).unwrap();
        }
        counter.permits -= 1;
        counter.served = ticket.wrapping_add(1);
        // The one behind may find a permit, too.
        if counter.permits > 0 && counter.served != counter.next {
            self.moved.notify_all();
        }
        Permit { semaphore: self }
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut counter = self.counter.lock().unwrap();
        counter.permits = counter.permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    ///
    /// The caller need not have acquired them.
    pub fn release(&self, count: usize) {
        self.counter.lock().unwrap().permits += count;
        self.moved.notify_all();
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        self.counter.lock().unwrap().permits
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
