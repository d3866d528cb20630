//! One condition variable for all: whoever leaves wakes everybody, and each asks again.

use crate::sync::{Condvar, Mutex};

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    office: Mutex<Office>,
    /// Notified when somebody has left.
    left: Condvar,
}

#[derive(Debug)]
struct Office {
    /// How many are inside.
    readers: usize,
    /// Whether one is inside; then there are no readers.
    writer: bool,
    /// How many are not inside yet.
    waiting_writers: usize,
}

impl Office {
    fn is_closed_to_readers(&self) -> bool {
        self.writer || self.waiting_writers > 0
    }

    fn is_closed_to_writers(&self) -> bool {
        self.writer || self.readers > 0
    }
}

impl RawRwLock {
    /// A free lock: nobody is inside, nobody waits.
    pub const fn new() -> Self {
        Self {
            office: Mutex::new(Office { readers: 0, writer: false, waiting_writers: 0 }),
            left: Condvar::new(),
        }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        let mut office = self.office.lock().unwrap();
        while office.is_closed_to_readers() {
            office = self.left.wait(office).unwrap();
        }
        office.readers += 1;
    }

    /// Gets in beside other readers unless a writer is inside or waits, and says whether it did; never
    /// waits.
    pub fn try_read(&self) -> bool {
        let mut office = self.office.lock().unwrap();
        if office.is_closed_to_readers() {
            return false;
        }
        office.readers += 1;
        true
    }

    /// A reader leaves. Called once for each time that one got in.
    pub fn unlock_read(&self) {
        let mut office = self.office.lock().unwrap();
        office.readers -= 1;
        self.left.notify_all();
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        let mut office = self.office.lock().unwrap();
        office.waiting_writers += 1;
        while office.is_closed_to_writers() {
            office = self.left.wait(office).unwrap();
        }
        office.waiting_writers -= 1;
        office.writer = true;
    }

    /// Gets in alone if nobody is inside, and says whether it did; never waits.
    pub fn try_write(&self) -> bool {
        let mut office = self.office.lock().unwrap();
        if office.is_closed_to_writers() {
            return false;
        }
        office.writer = true;
        true
    }

    /// The writer leaves. Called once for each time that one got in.
    pub fn unlock_write(&self) {
        let mut office = self.office.lock().unwrap();
        office.writer = false;
        self.left.notify_all();
    }
}
