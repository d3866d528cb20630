//! What loom brings to the facade.

use std::cell::Cell;

pub use loom::sync::{Condvar, Mutex, MutexGuard, atomic};
pub use loom::thread::{JoinHandle, Thread, current, park, yield_now};

pub use super::preallocated::{begin, create};
use crate::recorder::{ObjectId, Place};

/// Loom's atomics are as weak as they are asked to be.
pub const ORDERINGS_MATTER: bool = true;

loom::thread_local! {
    static INDEX: Cell<usize> = Cell::new(0);
}

/// The running thread, by its index.
pub fn me() -> usize {
    INDEX.with(Cell::get)
}

pub fn spawn(index: usize, body: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    super::preallocated::thread_begins();
    loom::thread::spawn(move || {
        INDEX.with(|own| own.set(index));
        body();
    })
}

/// Whether the execution has failed: loom allows nothing to a thread that panics.
pub fn is_over() -> bool {
    std::thread::panicking()
}

/// Loom's waits wake for a reason only: shuttle's do not.
pub fn wakes_spuriously() -> bool {
    false
}

pub fn fails_spuriously() -> bool {
    false
}

/// Loom's operations begin with a point where others may run.
pub fn scheduling_point() {}

/// Loom cannot be kept from that point: what is recorded before an operation can come too early.
pub fn keep_running() {}

/// Notices accesses that nothing orders.
pub struct RaceDetector(loom::cell::UnsafeCell<()>);

// SAFETY: there is nothing in the cell, and loom runs the threads of an execution one at a time, on
// one thread of the system.
#[allow(unsafe_code)]
unsafe impl Sync for RaceDetector {}

impl RaceDetector {
    pub fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(()))
    }

    pub fn read(&self, _: ObjectId, _: Place) {
        self.0.with(|_| ());
    }

    pub fn write(&self, _: ObjectId, _: Place) {
        self.0.with_mut(|_| ());
    }
}
