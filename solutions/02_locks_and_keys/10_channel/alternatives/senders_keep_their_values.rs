//! A sender that waits keeps its value in its hands. With capacity 0 the receiver asks for one, and the first sender
//! that hears it puts its value in: a hand that is held out is room for one.
//!
//! Why it works: whoever finds room takes it, in no order. `try_recv` asks only if a sender waits, and so waits
//! for nothing but that sender's next steps: while the receiver asks, no sender that waits can go away.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

use crate::sync::{Condvar, Mutex};

/// A channel with room for `capacity` values, any number. With 0 each value goes from hand to hand;
/// `usize::MAX` sets no memory aside.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        capacity,
        state: Mutex::new(State {
            values: VecDeque::new(),
            senders: 1,
            waiting: 0,
            hand: Hand::Away,
            receiver_lives: true,
        }),
        value: Condvar::new(),
        room: Condvar::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// The receiving end. When it is dropped, senders that wait go on. Then the values in the channel
/// are dropped, while no lock is held.
#[derive(Debug)]
pub struct Receiver<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    value: Condvar,
    room: Condvar,
}

#[derive(Debug)]
struct State<T> {
    values: VecDeque<T>,
    senders: usize,
    /// Senders that wait for room.
    waiting: usize,
    hand: Hand,
    receiver_lives: bool,
}

/// What the receiver takes beyond the capacity.
#[derive(Debug, PartialEq, Eq)]
enum Hand {
    Away,
    /// In `recv`: from anybody.
    Out,
    /// In `try_recv`: from a sender that waits.
    OutToThoseWhoWait,
}

impl<T> Shared<T> {
    /// With capacity 0 the hand counts, otherwise the capacity.
    fn has_room(&self, state: &State<T>, waits: bool) -> bool {
        let a_hand = match state.hand {
            Hand::Away => false,
            Hand::Out => true,
            Hand::OutToThoseWhoWait => waits,
        };
        state.values.len() < self.capacity.max(usize::from(a_hand))
    }
}

impl<T> Sender<T> {
    /// Puts a value in; sleeps while there is no room. With capacity 0: until it has been received.
    /// `Err` has the value: the receiver is dropped, or was while this waited.
    pub fn send(&self, value: T) -> Result<(), T> {
        let mut state = self.0.state.lock().unwrap();
        let mut waits = false;
        while state.receiver_lives && !self.0.has_room(&state, waits) {
            waits = true;
            state.waiting += 1;
            state = self.0.room.wait(state).unwrap();
            state.waiting -= 1;
        }
        if !state.receiver_lives {
            return Err(value);
        }
        state.values.push_back(value);
        drop(state);
        self.0.value.notify_one();
        Ok(())
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state.lock().unwrap();
        if !state.receiver_lives {
            return Err(TrySendError::Disconnected(value));
        }
        if !self.0.has_room(&state, false) {
            return Err(TrySendError::Full(value));
        }
        state.values.push_back(value);
        drop(state);
        self.0.value.notify_one();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().unwrap().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = {
            let mut state = self.0.state.lock().unwrap();
            state.senders -= 1;
            state.senders
        };
        if left == 0 {
            self.0.value.notify_one();
        }
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest value; sleeps while there is none. `None`: no value and no sender is left.
    pub fn recv(&mut self) -> Option<T> {
        self.take(Hand::Out)
    }

    /// Takes the oldest value; never waits. With capacity 0: that of a sender that waits in `send`.
    /// `Empty`: there is none. `Disconnected`: there is none, and no sender is left.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.0.state.lock().unwrap();
        let someone_waits = self.0.capacity == 0 && state.waiting > 0;
        if let Some(value) = state.values.pop_front() {
            drop(state);
            self.0.room.notify_one();
            return Ok(value);
        }
        if !someone_waits {
            let is_over = state.senders == 0;
            return Err(if is_over { TryRecvError::Disconnected } else { TryRecvError::Empty });
        }
        drop(state);
        self.take(Hand::OutToThoseWhoWait).ok_or(TryRecvError::Disconnected)
    }

    fn take(&mut self, hand: Hand) -> Option<T> {
        let mut state = self.0.state.lock().unwrap();
        state.hand = hand;
        if self.0.capacity == 0 {
            self.0.room.notify_one();
        }
        while state.values.is_empty() && state.senders > 0 {
            state = self.0.value.wait(state).unwrap();
        }
        state.hand = Hand::Away;
        let value = state.values.pop_front()?;
        drop(state);
        if self.0.capacity > 0 {
            self.0.room.notify_one();
        }
        Some(value)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let values = {
            let mut state = self.0.state.lock().unwrap();
            state.receiver_lives = false;
            std::mem::take(&mut state.values)
        };
        self.0.room.notify_all();
        drop(values);
    }
}
