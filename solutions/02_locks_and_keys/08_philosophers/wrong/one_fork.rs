//! Misconception: the fork on the left is mine, and the one on the right is my neighbour's.
//! Caught by: who_waits_for_a_neighbour_sleeps::case_1_of_two
//! Message: only one fork is taken

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
        let _left = self.forks[seat].lock().unwrap();
        eat()
    }
}
