//! Grading: many submissions, some of them hostile, and a gradebook that can be defended.
//!
//! ```text
//! intake → taken → (candidate → compile → run → verdict) → store → score → gradebook
//!            └──→ flags ────────────────────────────────────┘       ↑
//!                                                                  scheme
//! ```
//!
//! Running and scoring are separate: the store holds verdicts, and scores are computed from them.
//! Several machines grade a part of the class each, and their stores are merged.

pub mod alike;
pub mod approval;
pub mod csv;
pub mod disguise;
pub mod gradebook;
pub mod grading;
pub mod hidden;
pub mod intake;
pub mod merge;
pub mod partition;
pub mod points;
pub mod private;
pub mod scheme;
pub mod score;
pub mod store;
pub mod taken;
