//! Misconception: the circle comes from beginning on the left.
//! Caught by: nobody_waits_in_a_circle::case_4_of_five
//! Message: a deadlock

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
        let _right = self.forks[right].lock().unwrap();
        let _left = (left != right).then(|| self.forks[left].lock().unwrap());
        eat()
    }
}
