//! Misconception: a count below zero says how many wait, and `available` may say it too.
//! Kind: edge value
//! Caught by: every_answer_is_that_of_some_order::case_1_of_none
//! Message: a waiter counts itself

use crate::sync::{Condvar, Mutex};

/// A number of permits that threads take and give back.
#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
    handed_on: Condvar,
}

#[derive(Debug)]
struct State {
    /// Permits that can be taken; below zero, how many threads wait.
    count: isize,
    /// Permits that were handed to waiters who have not taken them yet.
    handed_on: usize,
}

/// One permit of a [`Semaphore`], given back when it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once is given back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    pub fn new(permits: usize) -> Self {
        let state = State { count: permits.cast_signed(), handed_on: 0 };
        Self { state: Mutex::new(state), handed_on: Condvar::new() }
    }

    pub fn acquire(&self) -> Permit<'_> {
        let mut state = self.state.lock().unwrap();
        state.count -= 1;
        if state.count < 0 {
            while state.handed_on == 0 {
                state = self.handed_on.wait(state).unwrap();
            }
            state.handed_on -= 1;
        }
        Permit { semaphore: self }
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state.lock().unwrap();
        (state.count > 0).then(|| {
            state.count -= 1;
            Permit { semaphore: self }
        })
    }

    pub fn release(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        let waiting = usize::try_from(-state.count).unwrap_or(0);
        state.count += count.cast_signed();
        state.handed_on += waiting.min(count);
        self.handed_on.notify_all();
    }

    pub fn available(&self) -> usize {
        self.state.lock().unwrap().count.cast_unsigned()
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(1);
    }
}
