//! Misconception: the fork on the right of seat i is fork i + 1.
//! Caught by: a_philosopher_alone_at_the_table_eats_once::seats_1_2::seat_2_1
//! Message: index out of bounds

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
        let _right = self.forks[seat + 1].lock().unwrap();
        eat()
    }
}
