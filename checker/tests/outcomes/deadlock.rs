//! Locks a mutex twice.

use std::sync::Mutex;

/// The answer.
pub fn answer() -> u32 {
    let mutex = Mutex::new(42);
    let first = mutex.lock().unwrap();
    let second = mutex.lock().unwrap();
    *first + *second - 42
}
