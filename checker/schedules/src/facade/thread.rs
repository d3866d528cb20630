//! Threads, as those of `std::thread`, with names for the timeline.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use super::super::explorer;
use super::{atomic, wake_up};
use crate::recorder::{self, Action, Wait};

/// A thread that was started.
#[derive(Debug)]
pub struct JoinHandle<T> {
    index: usize,
    inner: explorer::JoinHandle<()>,
    /// What the thread returned. Not by `inner`: an explorer has much code, and compiles it anew for
    /// each type that its threads return.
    value: Arc<Mutex<Option<T>>>,
}

/// A thread, to be woken from [`park`].
#[derive(Debug, Clone)]
pub struct Thread {
    index: usize,
    inner: explorer::Thread,
}

/// A number of its own for each thread of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadId(usize);

/// Starts a thread.
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    spawn_as("thread", body)
}

/// Starts a thread that has this name in the timeline.
#[track_caller]
pub fn spawn_as<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let index = recorder::new_thread(name);
    let value = Arc::new(Mutex::new(None));
    let returned = Arc::clone(&value);
    let body = move || {
        let value = body();
        *returned.lock().expect("nothing panics under this lock") = Some(value);
        recorder::ends(index);
    };
    let me = explorer::me();
    recorder::intends(me, Location::caller(), Action::Unseen("spawn"), None);
    let inner = explorer::spawn(index, Box::new(body));
    recorder::has_done(me);
    JoinHandle { index, inner, value }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end; returns what it returned.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let (me, place) = (explorer::me(), Location::caller());
        recorder::waits(me, place, Wait::End(self.index), "join".to_owned());
        recorder::intends(me, place, Action::Unseen("join"), None);
        let result = self.inner.join();
        recorder::goes_on(me);
        recorder::has_done(me);
        result.map(|()| {
            let value = self.value.lock().expect("nothing panics under this lock").take();
            value.expect("a thread that did not panic has returned a value")
        })
    }

    /// Whether the thread has returned.
    pub fn is_finished(&self) -> bool {
        recorder::has_ended(self.index)
    }

    /// Lets others go on until the thread sleeps or has returned.
    #[track_caller]
    pub fn settle(&self) {
        let (me, place) = (explorer::me(), Location::caller());
        while !self.sleeps() && !self.is_finished() {
            recorder::intends(me, place, Action::Settle(self.index), None);
            explorer::yield_now();
            recorder::has_done(me);
        }
    }

    /// Whether the thread sleeps now, until somebody wakes it.
    pub fn sleeps(&self) -> bool {
        recorder::sleeps(self.index)
    }
}

/// The thread that asks.
pub fn current() -> Thread {
    Thread { index: explorer::me(), inner: explorer::current() }
}

/// The calling thread's number: never 0, and the same in every call of one thread.
pub fn thread_id() -> u64 {
    explorer::me() as u64 + 1
}

/// Whether a panic unwinds the calling thread: one that `unwind_through` started.
///
/// std's answer is about the thread of the system, on which all threads of a scenario run.
#[track_caller]
pub fn panicking() -> bool {
    let me = explorer::me();
    let unwinds = recorder::is_unwinding(me);
    recorder::step(me, Location::caller(), format!("panicking: {unwinds}"));
    unwinds
}

impl Thread {
    /// The thread's number.
    pub fn id(&self) -> ThreadId {
        ThreadId(self.index)
    }

    /// Wakes the thread from its [`park`], or lets its next one return at once.
    #[track_caller]
    pub fn unpark(&self) {
        let (me, place) = (explorer::me(), Location::caller());
        recorder::intends(me, place, Action::Operation("unpark"), None);
        self.inner.unpark();
        recorder::unparked(self.index);
        recorder::step(me, place, "unpark".to_owned());
    }
}

/// Sleeps until an `unpark`; may return for no reason.
#[track_caller]
pub fn park() {
    let (me, place) = (explorer::me(), Location::caller());
    recorder::intends(me, place, Action::Operation("park"), None);
    if explorer::wakes_spuriously() {
        recorder::step(me, place, "park: wakes for no reason".to_owned());
        return;
    }
    recorder::step(me, place, "park".to_owned());
    wake_up::wait(me, place, None, None, "park".to_owned());
    explorer::park();
    recorder::goes_on(me);
    recorder::step(me, place, "unparked".to_owned());
}

/// Lets other threads go on.
#[track_caller]
pub fn yield_now() {
    atomic::spins(explorer::me(), Location::caller());
}
