//! The senders are counted by an `Arc` of their own: `AllSenders` is dropped when the last one lets it go.
//!
//! Why it works: `Arc` runs the destructor of what it holds exactly once, after every other owner has let go.
//! There is no count to look at, so nothing can be looked at too early.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

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
            senders_are_gone: false,
            receiver_waits: false,
            receiver_is_gone: false,
        }),
        for_the_receiver: Condvar::new(),
        for_senders: Condvar::new(),
    });
    let all = Arc::new(AllSenders { shared: Arc::clone(&shared) });
    (Sender { all }, Receiver { shared })
}

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T> {
    all: Arc<AllSenders<T>>,
}

/// What the senders own together.
#[derive(Debug)]
struct AllSenders<T> {
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
    senders_are_gone: bool,
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
        let mut state = self.all.shared.state.lock().unwrap();
        if state.receiver_is_gone {
            return Err(value);
        }
        if state.has_room() {
            self.all.shared.put_in(&mut state, value);
            return Ok(());
        }
        let ticket = state.offer(value);
        while state.is_offered(ticket) && !state.receiver_is_gone {
            state = self.all.shared.for_senders.wait(state).unwrap();
        }
        // An offer that is still there will never be taken.
        state.take_back(ticket).map_or(Ok(()), Err)
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.all.shared.state.lock().unwrap();
        if state.receiver_is_gone {
            return Err(TrySendError::Disconnected(value));
        }
        if !state.has_room() {
            return Err(TrySendError::Full(value));
        }
        self.all.shared.put_in(&mut state, value);
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { all: Arc::clone(&self.all) }
    }
}

impl<T> Drop for AllSenders<T> {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().senders_are_gone = true;
        self.shared.for_the_receiver.notify_one();
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
            if state.senders_are_gone {
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
            None if state.senders_are_gone => Err(TryRecvError::Disconnected),
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
