//! Misconception: who holds nothing while he waits cannot be part of a circle, so all is well.
//! Caught by: nobody_waits_in_a_circle::case_2_of_three
//! Message: a starved waiter

use crate::sync::{Mutex, thread};

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
        loop {
            let _left = self.forks[left].lock().unwrap();
            if left == right {
                return eat();
            }
            if let Ok(_right) = self.forks[right].try_lock() {
                return eat();
            }
            thread::yield_now();
        }
    }
}
