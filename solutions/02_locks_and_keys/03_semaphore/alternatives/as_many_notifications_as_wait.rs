//! A notification for each permit that somebody waits for, under the mutex; `wait_while` asks again.

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
    /// Notified when permits have come back.
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    /// Permits that can be taken now.
    permits: usize,
    /// How many sleep in `acquire`, or have been notified and do not run yet.
    waiting: usize,
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
        Self { state: Mutex::new(State { permits, waiting: 0 }), returned: Condvar::new() }
    }

    /// Takes a permit; sleeps until there is one.
    pub fn acquire(&self) -> Permit<'_> {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let mut state = self.returned.wait_while(state, |state| state.permits == 0).unwrap();
        state.waiting -= 1;
        state.permits -= 1;
        Permit { semaphore: self }
    }

    /// Takes a permit if one is available now; never waits for one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state.lock().unwrap();
        // The mutex is held for a few instructions only: waiting for it is not waiting for a permit.
        state.permits = state.permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Adds `count` permits and wakes the threads that can now go on.
    ///
    /// The caller need not have acquired them.
    pub fn release(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        state.permits += count;
        for _ in 0..count.min(state.waiting) {
            self.returned.notify_one();
        }
    }

    /// How many permits could be taken now.
    pub fn available(&self) -> usize {
        self.state.lock().unwrap().permits
    }
}

impl Drop for Permit<'_> {
    /// Runs at the end of the holder's scope, and also when a panic unwinds through it.
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
