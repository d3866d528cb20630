//! The shortest: every change notifies, heard or not. Of std's `Condvar` each of them is a system call.
//!
//! Why it works: the items and the mark `closed` are read and changed under one mutex, so whoever
//! looks sees both as they are at one moment, and nothing changes between the look and the taking. A
//! thread that cannot go on gives up the mutex and falls asleep in one step (`Condvar::wait`), so no
//! change can slip in between. After every wake-up it asks again.
//!
//! Two condition variables, because there are two things to wait for. An item that goes in lets one
//! `pop` go on, and only those wait on `has_items`: so one notification is enough, and it cannot
//! reach somebody who has no use for it.

use std::collections::VecDeque;

use crate::sync::{Condvar, Mutex};

/// A queue between threads: a push into a full one waits for room, a pop from an empty one waits
/// for an item.
#[derive(Debug)]
pub struct BoundedBuffer<T> {
    capacity: usize,
    shelf: Mutex<Shelf<T>>,
    /// Notified when an item has gone in, and when the buffer is closed.
    has_items: Condvar,
    /// Notified when an item has come out, and when the buffer is closed.
    has_room: Condvar,
}

#[derive(Debug)]
struct Shelf<T> {
    /// At most `capacity`; the one that goes out next is at the front.
    items: VecDeque<T>,
    closed: bool,
}

impl<T> BoundedBuffer<T> {
    /// An empty buffer with room for `capacity` items.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a buffer with room for nothing would keep every push waiting");
        Self {
            capacity,
            shelf: Mutex::new(Shelf { items: VecDeque::with_capacity(capacity), closed: false }),
            has_items: Condvar::new(),
            has_room: Condvar::new(),
        }
    }

    /// Puts an item in; sleeps while the buffer is full.
    ///
    /// # Errors
    ///
    /// The item, if the buffer is closed, or is closed while this waits.
    pub fn push(&self, item: T) -> Result<(), T> {
        let mut shelf = self.shelf.lock().unwrap();
        while shelf.items.len() == self.capacity && !shelf.closed {
            shelf = self.has_room.wait(shelf).unwrap();
        }
        if shelf.closed {
            return Err(item);
        }
        shelf.items.push_back(item);
        // Given up first: who is woken need not wait for it.
        drop(shelf);
        self.has_items.notify_one();
        Ok(())
    }

    /// Takes out the item that has been in the longest; sleeps while there is none.
    ///
    /// `None` when the buffer is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let mut shelf = self.shelf.lock().unwrap();
        while shelf.items.is_empty() && !shelf.closed {
            shelf = self.has_items.wait(shelf).unwrap();
        }
        // Closed or not: what is in comes out.
        let item = shelf.items.pop_front()?;
        drop(shelf);
        self.has_room.notify_one();
        Some(item)
    }

    /// From now on nothing goes in; what is in can still be taken out.
    pub fn close(&self) {
        self.shelf.lock().unwrap().closed = true;
        // Every sleeper has an answer now: those at an empty buffer None, those at a full one Err.
        self.has_items.notify_all();
        self.has_room.notify_all();
    }
}
