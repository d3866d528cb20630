//! Misconception: a circle is cut at both of its ends, so the first philosopher and the last one begin on the other side.
//! Caught by: nobody_waits_in_a_circle::case_1_of_two
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
        let differs = seat == 0 || right == 0;
        let (first, second) = if differs { (right, left) } else { (left, right) };
        let _first = self.forks[first].lock().unwrap();
        let _second = (first != second).then(|| self.forks[second].lock().unwrap());
        eat()
    }
}
