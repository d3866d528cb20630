//! The checker: one pipeline from a learner's files to a verdict that can be defended.
//!
//! ```text
//! cli → curriculum → candidate → compile → run → compare → verdict → progress → report
//! ```
//!
//! Each stage takes a value and gives one. `docs/architecture.md` is the map.

pub mod cli;
pub mod commands;
pub mod workbook;

pub mod curriculum;
pub mod flags;
pub mod pristine;
pub mod solutions;

pub mod candidate;
pub mod capability;
pub mod compile;
pub mod fingerprint;
pub mod run;

pub mod compare;
pub mod edit;
pub mod judge;
pub mod look;
pub mod panics;
pub mod timeline;
pub mod verdict;

pub mod progress;

#[cfg(feature = "grade")]
pub mod grade;

pub mod event;
pub mod report;

mod error;
mod files;
mod parallel;
mod scratch;

pub use error::{Error, Exit};
