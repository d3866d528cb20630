//! Misconception: a fork that is not there now is not needed.
//! Caught by: who_waits_for_a_neighbour_sleeps::case_2_of_three
//! Message: both eat at once, one of them without two forks

use crate::sync::Mutex;

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    forks: Vec<Mutex<()>>,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { forks: (0..seats).map(|_| Mutex::new(())).collect() }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let (lower, higher) = (left.min(right), left.max(right));
        let _lower = self.forks[lower].try_lock();
        let _higher = self.forks[higher].try_lock();
        eat()
    }
}
