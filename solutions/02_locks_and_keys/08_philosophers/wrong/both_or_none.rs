//! Misconception: who takes both forks at once, or waits without one, is served in the end.
//! Kind: order of turns
//! Caught by: two_neighbours_in_turns_starve_nobody::between_2_1
//! Message: a philosopher takes both forks at once or none

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
        self.back.notify_all();
        result
    }
}
