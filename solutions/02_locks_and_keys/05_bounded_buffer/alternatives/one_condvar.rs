//! One condition variable for both sides: every change wakes everybody, and each asks again.

use std::collections::VecDeque;

use crate::sync::{Condvar, Mutex};

/// A queue between threads: who finds it full waits for room, who finds it empty waits for an item.
#[derive(Debug)]
pub struct BoundedBuffer<T> {
    capacity: usize,
    shelf: Mutex<Shelf<T>>,
    changed: Condvar,
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
            changed: Condvar::new(),
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
            shelf = self.changed.wait(shelf).unwrap();
        }
        if shelf.closed {
            return Err(item);
        }
        shelf.items.push_back(item);
        drop(shelf);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes out the item that has been in the longest; sleeps while there is none.
    ///
    /// `None` when the buffer is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let mut shelf = self.shelf.lock().unwrap();
        while shelf.items.is_empty() && !shelf.closed {
            shelf = self.changed.wait(shelf).unwrap();
        }
        let item = shelf.items.pop_front()?;
        drop(shelf);
        self.changed.notify_all();
        Some(item)
    }

    /// From now on nothing goes in; what is in can still be taken out.
    pub fn close(&self) {
        self.shelf.lock().unwrap().closed = true;
        self.changed.notify_all();
    }
}
