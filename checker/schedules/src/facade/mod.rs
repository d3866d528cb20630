//! `crate::sync` as an explorer has it.
//!
//! This module is compiled twice, once below `shuttle` and once below `loom`; `super::explorer` is
//! what differs. Every operation is recorded with the line that asked for it.

pub mod atomic;
mod cell;
mod condvar;
pub mod futex;
pub mod hint;
mod mutex;
pub mod thread;
mod wake_up;

pub use self::thread::thread_id;
pub use cell::UnsafeCell;
pub use condvar::Condvar;
pub use mutex::{Mutex, MutexGuard};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
