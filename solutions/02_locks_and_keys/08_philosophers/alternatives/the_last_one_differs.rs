//! All begin on the left but the one at the last seat: one who differs breaks the circle.

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
    /// At a table with one seat there is one fork, and it has to do.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        if left == right {
            let _fork = self.forks[left].lock().unwrap();
            return eat();
        }
        let is_last = seat + 1 == self.forks.len();
        let (one, other) = if is_last { (right, left) } else { (left, right) };
        let _one = self.forks[one].lock().unwrap();
        let _other = self.forks[other].lock().unwrap();
        eat()
    }
}
