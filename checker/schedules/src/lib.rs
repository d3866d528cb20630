//! Locks under test: the orders in which threads can run are explored, not hoped for.
//!
//! The learner's file is compiled into a test with a `crate::sync` of this crate:
//!
//! - [`shuttle::sync`]: every operation is a point where another thread may go on. Finds what a
//!   protocol forgets: deadlocks, lost wake-ups, broken invariants. Each wait may wake up for no
//!   reason. Atomics are sequentially consistent there, whatever ordering is asked for.
//! - [`loom::sync`]: atomics as weak as the memory model allows. Finds missing orderings: data races.
//!
//! Both have the names and signatures of `testkit::sync::std`. A scenario is a closure that makes a
//! lock, starts threads and looks at the result; [`shuttle::explore`] and [`loom::explore`] run it
//! once for each schedule, and fail with a timeline of the schedule that breaks it.
//! [`shuttle::explore_programs`] makes the scenarios itself, of operations and a model.

// The facade is compiled once for each explorer, on purpose.
#![allow(clippy::duplicate_mod)]

mod deviation;
mod expect;
mod failure;
mod lazy;
pub mod loom;
mod model;
mod panics;
mod recorder;
mod replay;
pub mod shuttle;
mod source;
mod watchdog;

pub use expect::{Expect, Explains};
pub use model::{Operation, Trial};

/// What is explored. Without its type: an explorer has much code, and would be compiled with each
/// scenario anew.
type Scenario = dyn Fn() + Send + Sync;
