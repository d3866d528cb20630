//! What shuttle brings to the facade.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

pub use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic};
pub use shuttle::thread::{JoinHandle, Thread, current, park};

use super::driver;
use crate::panics::Named;
use crate::recorder::ObjectId;

/// Shuttle's atomics are sequentially consistent, whatever is asked for.
pub const ORDERINGS_MATTER: bool = false;

thread_local! {
    static INDICES: RefCell<HashMap<usize, usize>> = RefCell::default();
}

/// Forgets which task is which thread: a new execution begins.
pub fn begin() {
    INDICES.take();
}

/// An object made of `value`; shuttle lets any thread make one at any time.
pub fn made<T, V>(value: V, make: fn(V) -> T) -> T {
    make(value)
}

/// The running thread, by its index.
pub fn me() -> usize {
    thread_of(task())
}

fn task() -> usize {
    shuttle::current::me().into()
}

/// The thread that a task of shuttle is.
pub fn thread_of(task: usize) -> usize {
    INDICES.with_borrow(|indices| indices.get(&task).copied().unwrap_or(0))
}

/// Starts a thread; a panic of it ends the execution.
pub fn spawn(index: usize, body: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    driver::thread_begins();
    shuttle::thread::spawn(move || {
        INDICES.with_borrow_mut(|indices| indices.insert(task(), index));
        guarded(body)
    })
}

/// Runs the body of a thread; after a panic the execution is over, and the thread never goes on.
pub fn guarded<T>(body: impl FnOnce() -> T) -> T {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => {
            driver::thread_ends();
            value
        }
        Err(_) => loop {
            driver::panicked();
            shuttle::thread::yield_now();
        },
    }
}

/// Whether the execution has failed, so that nothing of it goes on.
pub fn is_over() -> bool {
    false
}

/// Whether the wait that is asked for now shall return at once.
pub fn wakes_for_nothing() -> bool {
    chance()
}

/// Whether the weak compare-exchange that is asked for now shall fail.
pub fn fails_for_nothing() -> bool {
    chance()
}

/// The search decides.
fn chance() -> bool {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64() != 0
}

/// The running thread makes no progress by itself.
pub fn spins() {
    shuttle::thread::yield_now();
}

/// A point where others may run, as before each operation.
///
/// Shuttle's operations begin with such a point, so what is recorded after them is in order. What has
/// to be recorded before an operation comes after this point, and is followed by [`stays`].
pub fn others_may_run() {
    // Time does not pass here: to shuttle, a sleep is a point and nothing else.
    shuttle::thread::sleep(Duration::ZERO);
}

/// The point at the beginning of the next operation is none: the running thread goes on.
pub fn stays() {
    driver::stays();
}

/// Notices two threads in one cell.
pub struct Watch {
    /// How many are in it, by a point where others may run.
    readers: atomic::AtomicUsize,
    writers: atomic::AtomicUsize,
}

impl Watch {
    /// Nobody is in it.
    pub fn new() -> Self {
        Self { readers: atomic::AtomicUsize::new(0), writers: atomic::AtomicUsize::new(0) }
    }

    /// Reads; meanwhile others may run.
    pub fn read(&self, cell: ObjectId) {
        use atomic::Ordering::SeqCst;
        self.readers.fetch_add(1, SeqCst);
        if self.writers.load(SeqCst) > 0 {
            race(cell);
        }
        self.readers.fetch_sub(1, SeqCst);
    }

    /// Writes; meanwhile others may run.
    pub fn write(&self, cell: ObjectId) {
        use atomic::Ordering::SeqCst;
        self.writers.fetch_add(1, SeqCst);
        if self.writers.load(SeqCst) > 1 || self.readers.load(SeqCst) > 0 {
            race(cell);
        }
        self.writers.fetch_sub(1, SeqCst);
    }
}

fn race(cell: ObjectId) -> ! {
    panic::panic_any(Named::DataRace(format!("two threads are at {cell} at once")))
}
