//! The facade that the exercises on locks are written against.
//!
//! A learner writes `use crate::sync::{Condvar, Mutex};`. What `crate::sync` is, the crate that
//! includes the learner's file decides: the exercise's own library names [`mod@std`]; a test may
//! compile the same file against another backing. All backings have the names and signatures of
//! the standard library, and [`std::futex`] beside them.

pub mod counted;
mod every_other;
pub mod spurious;
pub mod std;
mod thread_id;
