//! The checker from outside: miniature workbooks, one for each thing that can happen.

#[cfg(feature = "grade")]
mod archives;
mod ci;
#[cfg(feature = "grade")]
mod class;
#[cfg(feature = "grade")]
mod clusters;
mod commands;
mod edits;
#[cfg(feature = "grade")]
mod grade;
mod interrupts;
#[cfg(feature = "grade")]
mod made_class;
#[cfg(feature = "grade")]
mod merge;
mod miniature;
#[cfg(feature = "grade")]
mod no_namespaces;
mod no_ptrace;
mod outcomes;
#[cfg(feature = "grade")]
mod page;
mod refusals;
#[cfg(feature = "grade")]
mod report;
#[cfg(feature = "grade")]
mod score;
mod solutions;
mod soundness;
mod trace;
mod workbooks;
