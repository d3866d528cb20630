//! Misconception: a mark says that a writer waits, and the writer takes it away when it gets in.
//! Caught by: no_reader_gets_in_while_the_second_of_two_writers_waits::case_1_by_read
//! Message: the first writer that gets in clears the flag

use crate::sync::{Condvar, Mutex};

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    office: Mutex<Office>,
    /// Notified when no writer is inside or waits any more.
    readers: Condvar,
    /// Notified when nobody is inside any more.
    writers: Condvar,
}

#[derive(Debug)]
struct Office {
    /// How many are inside.
    readers: usize,
    /// Whether one is inside; then there are no readers.
    writer: bool,
    /// Whether one is not inside yet.
    writer_waits: bool,
}

impl Office {
    fn is_closed_to_readers(&self) -> bool {
        self.writer || self.writer_waits
    }

    fn is_closed_to_writers(&self) -> bool {
        self.writer || self.readers > 0
    }
}

impl RawRwLock {
    /// A free lock: nobody is inside, nobody waits.
    pub const fn new() -> Self {
        Self {
            office: Mutex::new(Office { readers: 0, writer: false, writer_waits: false }),
            readers: Condvar::new(),
            writers: Condvar::new(),
        }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        let mut office = self.office.lock().unwrap();
        while office.is_closed_to_readers() {
            office = self.readers.wait(office).unwrap();
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
        if office.readers == 0 {
            // One is enough: it will be alone. Readers that sleep do so because of a writer.
            self.writers.notify_one();
        }
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        let mut office = self.office.lock().unwrap();
        while office.is_closed_to_writers() {
            office.writer_waits = true;
            office = self.writers.wait(office).unwrap();
        }
        office.writer_waits = false;
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
        self.writers.notify_one();
        self.readers.notify_all();
    }
}
