//! A round table with a fork between any two neighbours.
//!
//! Why nobody waits for ever: a deadlock is a circle in which each one holds a fork and waits for one
//! that the next one holds. Everybody here takes the fork with the lower number first. So whoever
//! waits while he holds a fork waits for one with a *higher* number than the one he holds; along such
//! a chain the numbers rise, and a chain whose numbers rise never comes back to where it began. At its
//! end sits somebody who has both forks, eats, and puts them back.
//!
//! At most seats that is "left first", as everybody would do it. Only at the last seat, whose right
//! fork is fork 0, it is the other way round: one who differs is enough to break the circle.
//!
//! Why nobody is passed over again and again: whoever has his first fork keeps it while he waits for
//! the second, so the neighbour on that side cannot eat once more before him. That he gets each of them in
//! the end is up to its mutex; the standard library promises no order among those who wait for one.

use crate::sync::Mutex;

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
    /// At a table with one seat there is one fork, and it is enough. Two threads may dine at the same seat: they
    /// want the same forks, so one eats after the other.
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
