//! Misconception: a mutex is a mutex, wherever it comes from.
//! Caught by: who_dines_uses_a_mutex_or_an_atomic_of_crate_sync
//! Message: `use std::sync::…` where `use crate::sync::…` belongs

use std::sync::Mutex;

/// A table with as many forks as seats.
///
/// Fork `i` lies to the left of seat `i`. To its right lies fork `i + 1`, or at the last seat fork 0.
#[derive(Debug)]
pub struct Table {
    forks: Vec<Mutex<()>>,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { forks: (0..seats).map(|_| Mutex::new(())).collect() }
    }

    /// Takes the forks to the left and to the right of `seat`, sleeping until they can be taken, then
    /// eats, then puts the forks back. Returns what `eat` returns.
    ///
    /// At a table with one seat there is one fork, and it is enough.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let (lower, higher) = (left.min(right), left.max(right));
        // The names matter: `let _ = …` would drop the guard, and put the fork back, at once.
        let _first = self.forks[lower].lock().unwrap();
        // A mutex that its own thread locks again never lets it go on, or panics.
        let _second = (lower != higher).then(|| self.forks[higher].lock().unwrap());
        eat()
    }
}
