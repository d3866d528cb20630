//! Misconception: when forks come back, one of those who wait can go on, so one is woken.
//! Kind: lost wake-up
//! Caught by: one_meal_may_have_kept_two_waiting
//! Message: a lost wake-up

use crate::sync::{Condvar, Mutex};

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    taken: Mutex<Vec<bool>>,
    back: Condvar,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { taken: Mutex::new(vec![false; seats]), back: Condvar::new() }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.taken.lock().unwrap().len());
        let taken = self.taken.lock().unwrap();
        let mut taken = self.back.wait_while(taken, |taken| taken[left] || taken[right]).unwrap();
        (taken[left], taken[right]) = (true, true);
        drop(taken);
        let result = eat();
        let mut taken = self.taken.lock().unwrap();
        (taken[left], taken[right]) = (false, false);
        self.back.notify_one();
        result
    }
}
