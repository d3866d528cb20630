//! Misconception: a lock that is held only while the forks are taken is held only for a moment.
//! Caught by: a_third_one_who_waits_is_in_nobodys_way::case_1_at_the_seat_after
//! Message: a philosopher who waits for a fork holds something that the whole table needs

use crate::sync::Mutex;

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    forks: Vec<Mutex<()>>,
    table: Mutex<()>,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self { forks: (0..seats).map(|_| Mutex::new(())).collect(), table: Mutex::new(()) }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let table = self.table.lock().unwrap();
        let _left = self.forks[left].lock().unwrap();
        let _right = (left != right).then(|| self.forks[right].lock().unwrap());
        drop(table);
        eat()
    }
}
