//! A read-write lock that prefers writers, on a mutex and two condition variables.
//!
//! Why it works: who is inside and how many writers wait is looked at and changed under one mutex,
//! which nobody keeps: a thread holds it for the few lines in which it gets in or out, not while it is
//! inside.
//!
//! A writer that waits is in the count `waiting_writers` from before its first sleep until it is
//! inside, and no reader gets in while the count is not 0. It has to be a count. With a mark, the first
//! of two writers would take it away when it gets in, and a reader could pass the second.
//!
//! Each side has a condition variable of its own, so a notification reaches somebody who can go on. A
//! woken writer may still find the lock taken, by a writer that came at the right moment; then that one
//! notifies again when it leaves.
//!
//! Readers that wait are counted in the same way, for the price: a `Condvar` of std makes a system call
//! for every notification, heard or not. Counts and waits are under the one mutex, so a count of 0 says
//! for sure that nobody sleeps there, and an unlock that finds 0 has nobody to call.

use crate::sync::{Condvar, Mutex};

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    office: Mutex<Office>,
    /// Notified when no writer is inside or waits any more, if readers wait.
    readers: Condvar,
    /// Notified when nobody is inside any more, if writers wait.
    writers: Condvar,
}

#[derive(Debug)]
struct Office {
    /// How many are inside.
    readers: usize,
    /// Whether one is inside; then there are no readers.
    writer: bool,
    /// How many are not inside yet.
    waiting_readers: usize,
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
            office: Mutex::new(Office {
                readers: 0,
                writer: false,
                waiting_readers: 0,
                waiting_writers: 0,
            }),
            readers: Condvar::new(),
            writers: Condvar::new(),
        }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        let mut office = self.office.lock().unwrap();
        office.waiting_readers += 1;
        while office.is_closed_to_readers() {
            office = self.readers.wait(office).unwrap();
        }
        office.waiting_readers -= 1;
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
        if office.readers == 0 && office.waiting_writers > 0 {
            // One is enough: it will be alone. Readers that sleep do so because of a writer.
            self.writers.notify_one();
        }
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        let mut office = self.office.lock().unwrap();
        office.waiting_writers += 1;
        while office.is_closed_to_writers() {
            office = self.writers.wait(office).unwrap();
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
        if office.waiting_writers > 0 {
            self.writers.notify_one();
        } else if office.waiting_readers > 0 {
            // They do not disturb each other: all of them get in.
            self.readers.notify_all();
        }
    }
}
