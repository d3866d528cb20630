//! The checker: one pipeline from a learner's files to a verdict that can be defended.
//!
//! ```text
//! cli → curriculum → candidate → compile → run → compare → verdict → progress → report
//! ```
//!
//! Each stage takes a value and gives one. A module uses those below it in this list, never one above;
//! `docs/architecture.md` is the map. What is public is so for `main` and for the tests in `checker/tests`.

pub mod cli;
mod commands;
#[doc(hidden)]
pub mod report;

mod play;

#[cfg(feature = "grade")]
#[doc(hidden)]
pub mod grade;

#[cfg(feature = "grade")]
#[doc(hidden)]
pub mod mutation;

#[doc(hidden)]
pub mod flags;
mod progress;

mod findings;

#[doc(hidden)]
pub mod solutions;
#[doc(hidden)]
pub mod timeline;

mod judge;

mod event;
#[doc(hidden)]
pub mod verdict;

#[doc(hidden)]
pub mod evidence;
#[doc(hidden)]
pub mod workbook;

mod system;

mod error;

pub(crate) use error::Error;
pub use error::Exit;
