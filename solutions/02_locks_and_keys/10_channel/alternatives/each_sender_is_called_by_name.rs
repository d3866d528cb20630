//! A sender that waits leaves its value and its thread, and parks: it is woken by name, and nobody else is.
//!
//! Why it works: whoever lets a value in unparks the thread that left it. An `unpark` that comes before the `park`
//! is not lost: it lets that `park` return at once. A value that is left lies in a place of its own, which says what
//! became of it, so a sender looks at its own place only.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

use crate::sync::Mutex;
use crate::sync::thread::{self, Thread};

/// A channel with room for `capacity` values, any number. With 0 each value goes from hand to hand;
/// `usize::MAX` sets no memory aside.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Mutex::new(State {
        capacity,
        values: VecDeque::new(),
        waiting: VecDeque::new(),
        senders: 1,
        receiver: Place::Away,
    }));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

/// A sending end. When the last one is dropped, a receiver that waits goes on.
#[derive(Debug)]
pub struct Sender<T> {
    shared: Arc<Mutex<State<T>>>,
}

/// The receiving end. When it is dropped, senders that wait go on. Then the values in the channel
/// are dropped, while no lock is held.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Mutex<State<T>>>,
}

#[derive(Debug)]
struct State<T> {
    capacity: usize,
    values: VecDeque<T>,
    waiting: VecDeque<Waiting<T>>,
    senders: usize,
    receiver: Place,
}

/// Where the receiver is.
#[derive(Debug)]
enum Place {
    Away,
    Waits(Thread),
    Gone,
}

#[derive(Debug)]
struct Waiting<T> {
    left: Arc<Mutex<Left<T>>>,
    thread: Thread,
}

/// A value that a sender has left, and what became of it.
#[derive(Debug)]
enum Left<T> {
    Waits(T),
    WentIn,
    ComesBack(T),
    WasTaken,
}

impl<T> Waiting<T> {
    fn go(&self, after: impl FnOnce(T) -> Left<T>) {
        let mut left = self.left.lock().unwrap();
        let before = std::mem::replace(&mut *left, Left::WasTaken);
        if let Left::Waits(value) = before {
            *left = after(value);
        }
        drop(left);
        self.thread.unpark();
    }

    fn let_in(&self) -> Option<T> {
        let mut it = None;
        self.go(|value| {
            it = Some(value);
            Left::WentIn
        });
        it
    }
}

impl<T> State<T> {
    fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>> {
        let wanted = match &self.receiver {
            Place::Gone => return Err(TrySendError::Disconnected(value)),
            Place::Waits(thread) => Some(thread.clone()),
            Place::Away => None,
        };
        let room = if wanted.is_some() { self.capacity.max(1) } else { self.capacity };
        if self.values.len() >= room {
            return Err(TrySendError::Full(value));
        }
        self.values.push_back(value);
        if let Some(thread) = wanted {
            thread.unpark();
        }
        Ok(())
    }

    fn take(&mut self) -> Result<T, TryRecvError> {
        let first = self.values.pop_front();
        let first = first.or_else(|| self.waiting.pop_front().and_then(|it| it.let_in()));
        if self.values.len() < self.capacity {
            let next = self.waiting.pop_front().and_then(|it| it.let_in());
            self.values.extend(next);
        }
        let is_over = self.senders == 0;
        first.ok_or(if is_over { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }
}

impl<T> Sender<T> {
    /// Puts a value in; sleeps while there is no room. With capacity 0: until it has been received.
    /// `Err` has the value: the receiver is dropped, or was while this waited.
    pub fn send(&self, value: T) -> Result<(), T> {
        let mut state = self.shared.lock().unwrap();
        let value = match state.try_send(value) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(value)) => return Err(value),
            Err(TrySendError::Full(value)) => value,
        };
        let left = Arc::new(Mutex::new(Left::Waits(value)));
        let waiting = Waiting { left: Arc::clone(&left), thread: thread::current() };
        state.waiting.push_back(waiting);
        drop(state);
        loop {
            let mut left = left.lock().unwrap();
            match std::mem::replace(&mut *left, Left::WasTaken) {
                Left::Waits(value) => *left = Left::Waits(value),
                Left::ComesBack(value) => return Err(value),
                Left::WentIn | Left::WasTaken => return Ok(()),
            }
            drop(left);
            thread::park();
        }
    }

    /// Puts a value in if there is room; never waits. With capacity 0: if the receiver waits in `recv`
    /// and no other value is on its way to it. `Disconnected`: the receiver is dropped, room or not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.shared.lock().unwrap().try_send(value)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().unwrap().senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock().unwrap();
        state.senders -= 1;
        if let (0, Place::Waits(thread)) = (state.senders, &state.receiver) {
            thread.unpark();
        }
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest value; sleeps while there is none. `None`: no value and no sender is left.
    pub fn recv(&mut self) -> Option<T> {
        loop {
            let mut state = self.shared.lock().unwrap();
            state.receiver = Place::Away;
            match state.take() {
                Ok(value) => return Some(value),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => state.receiver = Place::Waits(thread::current()),
            }
            drop(state);
            thread::park();
        }
    }

    /// Takes the oldest value; never waits. With capacity 0: that of a sender that waits in `send`.
    /// `Empty`: there is none. `Disconnected`: there is none, and no sender is left.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.lock().unwrap().take()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock().unwrap();
        state.receiver = Place::Gone;
        let values = std::mem::take(&mut state.values);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.iter().for_each(|it| it.go(Left::ComesBack));
        drop((waiting, values));
    }
}
