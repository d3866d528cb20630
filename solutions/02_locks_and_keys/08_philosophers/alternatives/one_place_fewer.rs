//! One seat fewer at the forks than there are: then there is no circle. Who wants a seat that is taken waits behind
//! its chair, and takes none of the places.

use crate::sync::{Condvar, Mutex};

/// A table with as many forks as seats.
#[derive(Debug)]
pub struct Table {
    chairs: Vec<Mutex<()>>,
    forks: Vec<Mutex<()>>,
    places: Places,
}

impl Table {
    /// A table with this many seats, at least one.
    pub fn new(seats: usize) -> Self {
        Self {
            chairs: (0..seats).map(|_| Mutex::new(())).collect(),
            forks: (0..seats).map(|_| Mutex::new(())).collect(),
            places: Places::new(seats.max(2) - 1),
        }
    }

    /// Takes the forks to the left and to the right of `seat`, eats, and puts them back.
    pub fn dine<T>(&self, seat: usize, eat: impl FnOnce() -> T) -> T {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let _chair = self.chairs[seat].lock().unwrap();
        self.places.enter();
        let _left = self.forks[left].lock().unwrap();
        let _right = (left != right).then(|| self.forks[right].lock().unwrap());
        let result = eat();
        self.places.leave();
        result
    }
}

/// A number of places.
#[derive(Debug)]
struct Places {
    free: Mutex<usize>,
    left: Condvar,
}

impl Places {
    fn new(free: usize) -> Self {
        Self { free: Mutex::new(free), left: Condvar::new() }
    }

    fn enter(&self) {
        let mut free = self.left.wait_while(self.free.lock().unwrap(), |free| *free == 0).unwrap();
        *free -= 1;
    }

    fn leave(&self) {
        *self.free.lock().unwrap() += 1;
        self.left.notify_one();
    }
}
