//! The items lie in a ring of slots, one for each place; `wait_while` asks again.

use crate::sync::{Condvar, Mutex};

/// A queue between threads: who finds it full waits for room, who finds it empty waits for an item.
#[derive(Debug)]
pub struct BoundedBuffer<T> {
    shelf: Mutex<Shelf<T>>,
    /// Notified when an item has gone in, and when the buffer is closed.
    has_items: Condvar,
    /// Notified when an item has come out, and when the buffer is closed.
    has_room: Condvar,
}

#[derive(Debug)]
struct Shelf<T> {
    /// As many as there are places.
    slots: Box<[Option<T>]>,
    /// Where the item lies that goes out next.
    first: usize,
    count: usize,
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
            shelf: Mutex::new(Shelf {
                slots: (0..capacity).map(|_| None).collect(),
                first: 0,
                count: 0,
                closed: false,
            }),
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
        let is_full = |shelf: &mut Shelf<T>| shelf.count == shelf.slots.len() && !shelf.closed;
        let mut shelf = self.has_room.wait_while(self.shelf.lock().unwrap(), is_full).unwrap();
        if shelf.closed {
            return Err(item);
        }
        let last = (shelf.first + shelf.count) % shelf.slots.len();
        shelf.slots[last] = Some(item);
        shelf.count += 1;
        self.has_items.notify_one();
        Ok(())
    }

    /// Takes out the item that has been in the longest; sleeps while there is none.
    ///
    /// `None` when the buffer is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let is_empty = |shelf: &mut Shelf<T>| shelf.count == 0 && !shelf.closed;
        let mut shelf = self.has_items.wait_while(self.shelf.lock().unwrap(), is_empty).unwrap();
        let first = shelf.first;
        let item = shelf.slots[first].take()?;
        shelf.first = (first + 1) % shelf.slots.len();
        shelf.count -= 1;
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
