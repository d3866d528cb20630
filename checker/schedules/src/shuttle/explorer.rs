//! What shuttle brings to the facade.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

pub use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic};
pub use shuttle::thread::{JoinHandle, Thread, current, park};

use super::state;
use crate::panics::Payload;
use crate::recorder::{self, Action, ObjectId, Place};

/// Shuttle's atomics are sequentially consistent, whatever is asked for.
pub const ORDERINGS_MATTER: bool = false;

/// An object made of `value`; shuttle lets any thread make one at any time.
pub fn create<T, V>(value: V, make: fn(V) -> T) -> T {
    make(value)
}

/// The running thread, by its index.
pub fn me() -> usize {
    state::thread_of(task())
}

fn task() -> usize {
    shuttle::current::me().into()
}

/// Starts a thread; a panic of it ends the execution.
pub fn spawn(index: usize, body: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    state::thread_begins();
    shuttle::thread::spawn(move || {
        state::name_task(task(), index);
        guarded(body)
    })
}

/// Runs the body of a thread; after a panic the execution is over, and the thread never goes on.
pub fn guarded<T>(body: impl FnOnce() -> T) -> T {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => {
            state::thread_ends();
            value
        }
        Err(_) => loop {
            state::panicked();
            shuttle::thread::yield_now();
        },
    }
}

/// Whether the execution has failed, so that nothing of it goes on.
pub fn is_over() -> bool {
    false
}

/// Whether the wait that is asked for now shall return at once.
pub fn wakes_spuriously() -> bool {
    chance()
}

/// Whether the weak compare-exchange that is asked for now shall fail.
pub fn fails_spuriously() -> bool {
    chance()
}

/// The search decides.
fn chance() -> bool {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64() != 0
}

/// The running thread makes no progress by itself.
pub fn yield_now() {
    shuttle::thread::yield_now();
}

/// A point where others may run, as before each operation.
///
/// Shuttle's operations begin with such a point, so what is recorded after them is in order. What has
/// to be recorded before an operation comes after this point, and is followed by [`keep_running`].
pub fn scheduling_point() {
    // Time does not pass here: to shuttle, a sleep is a point and nothing else.
    shuttle::thread::sleep(Duration::ZERO);
}

/// The point at the beginning of the next operation is none: the running thread goes on.
pub fn keep_running() {
    state::keep_running();
}

/// Notices two threads in one cell.
pub struct RaceDetector {
    /// How many are in it, by a point where others may run.
    readers: atomic::AtomicUsize,
    writers: atomic::AtomicUsize,
}

impl RaceDetector {
    pub fn new() -> Self {
        Self { readers: atomic::AtomicUsize::new(0), writers: atomic::AtomicUsize::new(0) }
    }

    /// Reads; meanwhile others may run.
    pub fn read(&self, cell: ObjectId, place: Place) {
        use atomic::Ordering::SeqCst;
        self.readers.fetch_add(1, SeqCst);
        if self.writers.load(SeqCst) > 0 {
            race(cell);
        }
        leaves(cell, place);
        self.readers.fetch_sub(1, SeqCst);
        recorder::has_done(me());
    }

    /// Writes; meanwhile others may run.
    pub fn write(&self, cell: ObjectId, place: Place) {
        use atomic::Ordering::SeqCst;
        self.writers.fetch_add(1, SeqCst);
        if self.writers.load(SeqCst) > 1 || self.readers.load(SeqCst) > 0 {
            race(cell);
        }
        leaves(cell, place);
        self.writers.fetch_sub(1, SeqCst);
        recorder::has_done(me());
    }
}

fn leaves(cell: ObjectId, place: Place) {
    recorder::intends(me(), place, Action::Operation("leave"), Some(cell));
}

fn race(cell: ObjectId) -> ! {
    panic::panic_any(Payload::DataRace(format!("two threads are at {cell} at once")))
}
