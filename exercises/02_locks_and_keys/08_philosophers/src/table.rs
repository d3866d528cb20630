//! A round table with a fork between any two neighbours.

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
        todo!("lay {seats} forks on the table")
    }

    /// Takes the forks to the left and to the right of `seat`, sleeping until they can be taken, then
    /// eats, then puts the forks back. Returns what `eat` returns.
    ///
    /// At a table with one seat there is one fork, and it is enough. Two threads may dine at the same seat: they
    /// want the same forks, so one eats after the other.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        todo!(
            "which two of {:?} lie beside seat {seat}, and which one first? Then {}",
            self.forks,
            std::any::type_name_of_val(&eat)
        )
    }
}
