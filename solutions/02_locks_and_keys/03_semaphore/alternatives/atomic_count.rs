//! An atomic count, and a mutex that only those take who sleep and who wake them.

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    permits: AtomicUsize,
    queue: Mutex<()>,
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
        Self { permits: AtomicUsize::new(permits), queue: Mutex::new(()), returned: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let mut queue = self.queue.lock().unwrap();
        loop {
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            queue = self.returned.wait(queue).unwrap();
        }
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.permits
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |permits| permits.checked_sub(1))
            .ok()
            .map(|_| Permit { semaphore: self })
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    pub fn release(&self, count: usize) {
        let queue = self.queue.lock().unwrap();
        self.permits.fetch_add(count, Ordering::SeqCst);
        drop(queue);
        self.returned.notify_all();
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        self.permits.load(Ordering::SeqCst)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
