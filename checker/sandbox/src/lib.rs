//! Runs one program supervised: with a deadline, limits and capped output, and leaves nothing behind.
//!
//! For each run the checker starts itself a second time as a *supervisor* ([`supervise_if_asked`]).
//! The supervisor is the subreaper of everything that the program starts, however often it forks
//! and whatever session it moves to (`PR_SET_CHILD_SUBREAPER`, prctl(2)). It waits on the program's
//! pidfd, never on end-of-file of a pipe that a daemon may hold open, and reports as one line of
//! JSON. The checker holds the other end of the supervisor's standard input: when the checker dies,
//! the supervisor reads end-of-file, kills everything and ends too.
//!
//! ```text
//! checker ── run() ──> supervisor ── fork, exec ──> program ──> whatever it starts
//!        <── one line of JSON ──┘   (subreaper of all of these)
//! ```
//!
//! A program that may be hostile is run with a [`Confinement`]; [`Layers`] says what of it held. That is
//! part of the crate's feature `confine` only.

mod capture;
#[cfg(feature = "confine")]
mod confine;
#[cfg(not(feature = "confine"))]
#[path = "unconfined.rs"]
mod confine;
#[cfg_attr(not(feature = "confine"), allow(dead_code, reason = "only `confine` has a use for all"))]
mod confinement;
mod descendants;
mod diagnose;
mod inherited;
mod launch;
#[cfg_attr(not(feature = "confine"), allow(dead_code, reason = "only `confine` has a use for all"))]
mod layers;
mod observation;
mod pidfd;
pub mod probe;
mod request;
mod rlimits;
mod spawn;
mod stop;
mod supervise;
mod suspend;
mod thread_state;

pub use capture::Capture;
pub use confinement::Confinement;
pub use inherited::{callers_umask, is_ignored, normalise};
pub use launch::{Error, available_layers, run};
pub use layers::{Layer, Layers};
pub use observation::{End, Observation, Stray};
pub use request::{Limits, Program};
pub use rlimits::lack;
pub use stop::Stop;
pub use supervise::supervise_if_asked;
pub use suspend::suspend;
pub use thread_state::{Call, ThreadState};
