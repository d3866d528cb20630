//! The checker: one pipeline from a learner's files to a verdict that can be defended.
//!
//! ```text
//! cli → curriculum → candidate → compile → run → compare → verdict → progress → report
//! ```
//!
//! Each stage takes a value and gives one. A module uses those below it in this list, never one above;
//! `docs/architecture.md` is the map.

pub mod cli;
pub mod commands;
pub mod report;

#[cfg(feature = "grade")]
pub mod grade;
pub mod progress;
pub mod solutions;

pub mod findings;

pub mod timeline;

pub mod judge;

pub mod event;
pub mod verdict;

pub mod workbook;

mod system;

mod error;

pub use error::{Error, Exit};
