//! Misconception: a table has at least two forks.
//! Caught by: at_a_table_for_one_the_one_fork_will_do
//! Message: left and right are the same fork

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
        let _lower = self.forks[lower].lock().unwrap();
        let _higher = self.forks[higher].lock().unwrap();
        eat()
    }
}
