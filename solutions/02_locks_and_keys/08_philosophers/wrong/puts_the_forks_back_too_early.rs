//! Misconception: a function that takes the forks has taken them when it returns.
//! Caught by: neighbours_never_eat_at_once::case_1_of_three
//! Message: a guard that is dropped before `eat` is called

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
        self.take(lower);
        if lower != higher {
            self.take(higher);
        }
        eat()
    }

    fn take(&self, fork: usize) {
        let _fork = self.forks[fork].lock().unwrap();
    }
}
