//! Misconception: a lock that is taken is given back sooner or later, so any order will do.
//! Caught by: nobody_waits_in_a_circle::case_3_of_four
//! Message: at least one must begin on the other side

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
        let _left = self.forks[left].lock().unwrap();
        let _right = (left != right).then(|| self.forks[right].lock().unwrap());
        eat()
    }
}
