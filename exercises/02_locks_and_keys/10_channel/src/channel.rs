//! A channel: values go from any number of senders to one receiver.

use std::sync::mpsc::{TryRecvError, TrySendError};

// use std::sync::Arc;
// use crate::sync::{Condvar, Mutex};

/// A channel with room for `capacity` values, any number. With 0 each value goes from hand to hand;
/// `usize::MAX` sets no memory aside.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    todo!("what both ends share, with room for {capacity} values; then one end of each kind")
}

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T> {
    // What do the ends share, and on what do waiting threads sleep?
    _values: Vec<T>,
}

/// The receiving end. When it is dropped, senders that wait go on. Then the values in the channel
/// are dropped, while no lock is held.
#[derive(Debug)]
pub struct Receiver<T> {
    _values: Vec<T>,
}

impl<T> Sender<T> {
    /// Puts a value in; sleeps while there is no room. With capacity 0: until it has been received.
    /// `Err` has the value: the receiver is dropped, or was while this waited.
    pub fn send(&self, value: T) -> Result<(), T> {
        drop(value);
        todo!("wait for room and put the value in, or hand it back; whom to wake?")
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        drop(value);
        todo!("put the value in, or hand it back and say why")
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        todo!("one sender more: {}", std::any::type_name_of_val(self))
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest value; sleeps while there is none. `None`: no value and no sender is left.
    pub fn recv(&mut self) -> Option<T> {
        todo!("wait for a value and take it, or say that none will come; whom to wake?")
    }

    /// Takes the oldest value; never waits. With capacity 0: that of a sender that waits in `send`.
    /// `Empty`: there is none. `Disconnected`: there is none, and no sender is left.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        todo!("take a value, or say why not")
    }
}

// What happens when an end is dropped is yours to add: `impl Drop`.
