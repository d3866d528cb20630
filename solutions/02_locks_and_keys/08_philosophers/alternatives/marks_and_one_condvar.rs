//! Forks are marks under one mutex. A philosopher takes the fork with the lower number, keeps it, and waits for
//! the other.

use crate::sync::{Condvar, Mutex};

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    /// Whether each fork is taken.
    taken: Mutex<Vec<bool>>,
    put_back: Condvar,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { taken: Mutex::new(vec![false; seats]), put_back: Condvar::new() }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let right = (seat + 1) % self.taken.lock().unwrap().len();
        let forks = [seat.min(right), seat.max(right)];
        let forks = if seat == right { &forks[..1] } else { &forks[..] };
        for &fork in forks {
            let taken = self.taken.lock().unwrap();
            self.put_back.wait_while(taken, |taken| taken[fork]).unwrap()[fork] = true;
        }
        let result = eat();
        let mut taken = self.taken.lock().unwrap();
        forks.iter().for_each(|&fork| taken[fork] = false);
        self.put_back.notify_all();
        result
    }
}
