//! One queue for all, and one condition variable. Each value has a number; it is in the channel when its
//! number is less than that of values received plus the capacity. With capacity 0: when it is received.
//!
//! Why it works: a value never moves. To receive is to take the front one and to count it, and that puts the
//! next one in. Every change notifies all, so no notification can reach the wrong thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

use crate::sync::{Condvar, Mutex};

/// A channel with room for `capacity` values, any number. With 0 each value goes from hand to hand;
/// `usize::MAX` sets no memory aside.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new((Mutex::new(Queue::new(capacity)), Condvar::new()));
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

type Shared<T> = Arc<(Mutex<Queue<T>>, Condvar)>;

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T>(Shared<T>);

/// The receiving end. When it is dropped, senders that wait go on. Then the values in the channel
/// are dropped, while no lock is held.
#[derive(Debug)]
pub struct Receiver<T>(Shared<T>);

#[derive(Debug)]
struct Queue<T> {
    capacity: u128,
    /// Those from number `received` on. `None` is one that its sender took back.
    values: VecDeque<Option<T>>,
    received: u128,
    senders: usize,
    receiver_waits: bool,
    receiver_is_gone: bool,
}

impl<T> Queue<T> {
    fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity as u128,
            values: VecDeque::new(),
            received: 0,
            senders: 1,
            receiver_waits: false,
            receiver_is_gone: false,
        }
    }

    /// The number of the next value.
    fn next(&self) -> u128 {
        self.received + self.values.len() as u128
    }

    fn is_in(&self, number: u128) -> bool {
        number < self.received + self.capacity
    }

    fn take(&mut self) -> Option<T> {
        let value = self.values.pop_front()?;
        self.received += 1;
        value
    }
}

impl<T> Sender<T> {
    /// Puts a value in; sleeps while there is no room. With capacity 0: until it has been received.
    /// `Err` has the value: the receiver is dropped, or was while this waited.
    pub fn send(&self, value: T) -> Result<(), T> {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap();
        if queue.receiver_is_gone {
            return Err(value);
        }
        let number = queue.next();
        queue.values.push_back(Some(value));
        changed.notify_all();
        let waits = |queue: &mut Queue<T>| {
            !queue.is_in(number) && queue.received <= number && !queue.receiver_is_gone
        };
        queue = changed.wait_while(queue, waits).unwrap();
        if queue.is_in(number) || queue.received > number {
            return Ok(());
        }
        let index = usize::try_from(number - queue.received).unwrap();
        queue.values[index].take().map_or(Ok(()), Err)
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap();
        if queue.receiver_is_gone {
            return Err(TrySendError::Disconnected(value));
        }
        let a_hand_is_free = queue.receiver_waits && queue.values.is_empty();
        if !queue.is_in(queue.next()) && !a_hand_is_free {
            return Err(TrySendError::Full(value));
        }
        queue.values.push_back(Some(value));
        changed.notify_all();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.0.lock().unwrap().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().senders -= 1;
        self.0.1.notify_all();
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest value; sleeps while there is none. `None`: no value and no sender is left.
    pub fn recv(&mut self) -> Option<T> {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap();
        queue.receiver_waits = true;
        let waits = |queue: &mut Queue<T>| queue.values.is_empty() && queue.senders > 0;
        queue = changed.wait_while(queue, waits).unwrap();
        queue.receiver_waits = false;
        changed.notify_all();
        queue.take()
    }

    /// Takes the oldest value; never waits. With capacity 0: that of a sender that waits in `send`.
    /// `Empty`: there is none. `Disconnected`: there is none, and no sender is left.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap();
        changed.notify_all();
        let no_sender = queue.senders == 0;
        queue.take().ok_or(if no_sender { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let (queue, changed) = &*self.0;
        let mut queue = queue.lock().unwrap();
        queue.receiver_is_gone = true;
        let (first, capacity) = (queue.received, queue.capacity);
        let mut number = first;
        let mut dropped = Vec::new();
        for value in &mut queue.values {
            // The others belong to senders that wait.
            if number < first + capacity {
                dropped.push(value.take());
            }
            number += 1;
        }
        drop(queue);
        changed.notify_all();
        drop(dropped);
    }
}
