//! The mark is an atomic, and is changed under the mutex all the same: a sleeper cannot miss it.

use std::collections::VecDeque;

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Mutex};

/// A queue between threads: who finds it full waits for room, who finds it empty waits for an item.
#[derive(Debug)]
pub struct BoundedBuffer<T> {
    capacity: usize,
    closed: AtomicBool,
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
            closed: AtomicBool::new(false),
            shelf: Mutex::new(Shelf { items: VecDeque::with_capacity(capacity) }),
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
        while shelf.items.len() == self.capacity && !self.closed.load(Ordering::SeqCst) {
            shelf = self.has_room.wait(shelf).unwrap();
        }
        if self.closed.load(Ordering::SeqCst) {
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
        while shelf.items.is_empty() && !self.closed.load(Ordering::SeqCst) {
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
        let shelf = self.shelf.lock().unwrap();
        self.closed.store(true, Ordering::SeqCst);
        drop(shelf);
        // Every sleeper has an answer now: those at an empty buffer None, those at a full one Err.
        self.has_items.notify_all();
        self.has_room.notify_all();
    }
}
