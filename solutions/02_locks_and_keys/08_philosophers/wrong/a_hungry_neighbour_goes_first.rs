//! Misconception: who lets a hungry neighbour go first is let in himself in the end.
//! Kind: order of turns
//! Caught by: two_neighbours_in_turns_starve_nobody::between_1_0
//! Message: a rule of precedence decides against the same one

use crate::sync::{Condvar, Mutex};

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    seats: Mutex<Vec<Seat>>,
    changed: Condvar,
}

/// What the philosopher at a seat does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    Thinks,
    Hungry,
    Eats,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { seats: Mutex::new(vec![Seat::Thinks; seats]), changed: Condvar::new() }
    }

    /// Waits until neither neighbour eats, and until the one on the right is not hungry, eats, and gets up.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let mut seats = self.seats.lock().unwrap();
        let count = seats.len();
        let (before, after) = ((seat + count - 1) % count, (seat + 1) % count);
        seats[seat] = Seat::Hungry;
        // The last seat lets nobody go first, or all would wait in a circle.
        let is_last = after == 0;
        let waits = |seats: &mut Vec<Seat>| {
            seats[before] == Seat::Eats
                || seats[after] == Seat::Eats
                || (!is_last && seats[after] == Seat::Hungry)
        };
        let mut seats = self.changed.wait_while(seats, waits).unwrap();
        seats[seat] = Seat::Eats;
        drop(seats);
        let result = eat();
        self.seats.lock().unwrap()[seat] = Seat::Thinks;
        self.changed.notify_all();
        result
    }
}
