//! What a failing test has found out, as data and in words.
//!
//! A test that fails writes what it found as one JSON document to the file that the checker names by
//! [`VARIABLE`], and panics with the same in words. Under plain `cargo test` no file is named, and the words
//! are all there is. Both sides word it by this crate: [`Told::words`].
//!
//! A test that explores schedules and passes writes how many they were: [`Explored`].
//!
//! The checker trusts the document no more than it trusts the words: see `docs/architecture.md`, Evidence.

mod json;
mod lesson;
mod picture;
mod place;
mod schedule;
mod told;
mod words;

pub use lesson::{Lane, Lesson, Timeline};
pub use place::Place;
pub use schedule::{Failure, Schedule, SourceLine, Step, Waiting};
pub use told::{Explored, Told, VARIABLE};
pub use words::{Body, Label, Words};
