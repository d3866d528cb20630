//! The checker from outside: miniature workbooks, one for each thing that can happen.

mod commands;
mod edits;
#[cfg(feature = "grade")]
mod grade;
mod interrupts;
mod miniature;
mod no_ptrace;
mod outcomes;
mod soundness;
mod trace;
mod workbooks;
