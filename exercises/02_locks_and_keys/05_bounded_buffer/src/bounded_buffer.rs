//! A queue of fixed capacity on a mutex and condition variables.

// use std::collections::VecDeque;

// use crate::sync::{Condvar, Mutex};

/// A queue between threads: a push into a full one waits for room, a pop from an empty one waits
/// for an item.
#[derive(Debug)]
pub struct BoundedBuffer<T> {
    // What has to be remembered, under which lock, and on what do waiting threads sleep?
    _items: Vec<T>,
}

impl<T> BoundedBuffer<T> {
    /// An empty buffer with room for `capacity` items.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        todo!("remember that there is room for {capacity}")
    }

    /// Puts an item in; sleeps while the buffer is full.
    ///
    /// # Errors
    ///
    /// The item, if the buffer is closed, or is closed while this waits.
    pub fn push(&self, item: T) -> Result<(), T> {
        drop(item);
        todo!(
            "wait while the buffer is full; put the item in, or hand it back if closed; whom to wake?"
        )
    }

    /// Takes out the item that has been in the longest; sleeps while there is none.
    ///
    /// `None` when the buffer is closed and empty.
    pub fn pop(&self) -> Option<T> {
        todo!(
            "wait while the buffer is empty; take an item, or say that none will come; whom to wake?"
        )
    }

    /// From now on nothing goes in; what is in can still be taken out.
    pub fn close(&self) {
        todo!("remember it; who sleeps, and has to hear of it?")
    }
}
