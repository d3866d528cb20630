//! The senders are counted by an atomic, outside the mutex.
//!
//! Why it works: the last drop takes the mutex between its change and its notification, so neither falls between
//! the receiver's look and its sleep. And whatever was sent came in before: a receiver that holds the mutex, finds no
//! value and then no sender can be sure that none will come.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex};

/// A channel with room for `capacity` values, any number. With 0 each value goes from hand to hand;
/// `usize::MAX` sets no memory aside.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            capacity,
            values: VecDeque::new(),
            offers: VecDeque::new(),
            next_ticket: 0,
            receiver_waits: false,
            receiver_is_gone: false,
        }),
        senders: AtomicUsize::new(1),
        for_the_receiver: Condvar::new(),
        for_senders: Condvar::new(),
    });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The receiving end. When it is dropped, senders that wait go on. Then the values in the channel
/// are dropped, while no lock is held.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    senders: AtomicUsize,
    /// Notified when a value comes in, and when the last sender is gone.
    for_the_receiver: Condvar,
    /// Notified when an offer is let in or taken, and when the receiver is gone. A condition variable
    /// cannot tell whose offer that was, so all are woken.
    for_senders: Condvar,
}

#[derive(Debug)]
struct State<T> {
    capacity: usize,
    /// What is in the channel; the oldest is at the front.
    values: VecDeque<T>,
    /// What senders that wait would put in; the oldest is at the front.
    offers: VecDeque<Offer<T>>,
    next_ticket: u64,
    /// Whether the receiver waits in `recv`: then the next value is as good as received.
    receiver_waits: bool,
    receiver_is_gone: bool,
}

#[derive(Debug)]
struct Offer<T> {
    ticket: u64,
    value: T,
}

impl<T> Sender<T> {
    /// Puts a value in; sleeps while there is no room. With capacity 0: until it has been received.
    /// `Err` has the value: the receiver is dropped, or was while this waited.
    pub fn send(&self, value: T) -> Result<(), T> {
        let mut state = self.shared.state.lock().unwrap();
        if state.receiver_is_gone {
            return Err(value);
        }
        if state.has_room() {
            self.shared.put_in(&mut state, value);
            return Ok(());
        }
        let ticket = state.offer(value);
        while state.is_offered(ticket) && !state.receiver_is_gone {
            state = self.shared.for_senders.wait(state).unwrap();
        }
        // An offer that is still there will never be taken.
        state.take_back(ticket).map_or(Ok(()), Err)
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.shared.state.lock().unwrap();
        if state.receiver_is_gone {
            return Err(TrySendError::Disconnected(value));
        }
        if !state.has_room() {
            return Err(TrySendError::Full(value));
        }
        self.shared.put_in(&mut state, value);
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Nobody acts on a count that grows: no ordering.
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // What was done before is seen by whoever sees the count.
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            drop(self.shared.state.lock().unwrap());
            self.shared.for_the_receiver.notify_one();
        }
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest value; sleeps while there is none. `None`: no value and no sender is left.
    pub fn recv(&mut self) -> Option<T> {
        let mut state = self.shared.state.lock().unwrap();
        loop {
            // Senders or not: what is in comes out.
            if let Some(value) = self.shared.take_out(&mut state) {
                return Some(value);
            }
            if self.shared.senders.load(Ordering::Acquire) == 0 {
                return None;
            }
            state.receiver_waits = true;
            state = self.shared.for_the_receiver.wait(state).unwrap();
            state.receiver_waits = false;
        }
    }

    /// Takes the oldest value; never waits. With capacity 0: that of a sender that waits in `send`.
    /// `Empty`: there is none. `Disconnected`: there is none, and no sender is left.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.shared.state.lock().unwrap();
        match self.shared.take_out(&mut state) {
            Some(value) => Ok(value),
            None if self.shared.senders.load(Ordering::Acquire) == 0 => {
                Err(TryRecvError::Disconnected)
            }
            None => Err(TryRecvError::Empty),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap();
        state.receiver_is_gone = true;
        // Not the offers: each belongs to a sender that waits.
        let values = mem::take(&mut state.values);
        drop(state);
        self.shared.for_senders.notify_all();
        // Last, and without the lock: a destructor is somebody else's code.
        drop(values);
    }
}

impl<T> Shared<T> {
    /// Puts a value into a channel that has room.
    fn put_in(&self, state: &mut State<T>, value: T) {
        state.values.push_back(value);
        if state.receiver_waits {
            self.for_the_receiver.notify_one();
        }
    }

    /// Takes the oldest value, and lets the oldest offer in if there is room for it now.
    fn take_out(&self, state: &mut State<T>) -> Option<T> {
        if !state.offers.is_empty() {
            self.for_senders.notify_all();
        }
        let value = state.values.pop_front().or_else(|| state.next_offer())?;
        if state.values.len() < state.capacity {
            let next = state.next_offer();
            state.values.extend(next);
        }
        Some(value)
    }
}

impl<T> State<T> {
    /// Whether a value can go in now, and before no offer. A receiver that waits is room for one.
    fn has_room(&self) -> bool {
        let room = self.capacity.max(usize::from(self.receiver_waits));
        self.values.len() < room && self.offers.is_empty()
    }

    /// Adds an offer; returns its ticket.
    fn offer(&mut self, value: T) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.offers.push_back(Offer { ticket, value });
        ticket
    }

    /// Whether the offer is still there: while the receiver lives, the oldest one goes first.
    fn is_offered(&self, ticket: u64) -> bool {
        self.offers.front().is_some_and(|oldest| oldest.ticket <= ticket)
    }

    fn next_offer(&mut self) -> Option<T> {
        self.offers.pop_front().map(|offer| offer.value)
    }

    /// Removes this offer, if it is still there.
    fn take_back(&mut self, ticket: u64) -> Option<T> {
        let index = self.offers.iter().position(|offer| offer.ticket == ticket)?;
        self.offers.remove(index).map(|offer| offer.value)
    }
}
