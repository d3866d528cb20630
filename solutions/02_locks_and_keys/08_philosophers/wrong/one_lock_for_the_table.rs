//! Misconception: who takes two locks takes one for both.
//! Caught by: who_are_no_neighbours_eat_at_the_same_time::case_1_at_a_table_for_four
//! Message: one lock for the whole table

use crate::sync::Mutex;

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    forks: Vec<Mutex<()>>,
    table: Mutex<()>,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { forks: (0..seats).map(|_| Mutex::new(())).collect(), table: Mutex::new(()) }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let (lower, higher) = (left.min(right), left.max(right));
        let _table = self.table.lock().unwrap();
        let _lower = self.forks[lower].lock().unwrap();
        let _higher = (lower != higher).then(|| self.forks[higher].lock().unwrap());
        eat()
    }
}
