//! What the tests of the exercises stand on.
//!
//! - [`cases!`]: one test a row of a table, without a procedural macro.
//! - [`require!`]: an assertion whose failure teaches (expected, seen, likely, read).
//! - [`on_trial`]: the part of a program whose calls a trial of the tracer's disturbs.
//! - [`survey`]: what a function must leave as it was.
//! - [`threads`]: threads whose sleep is seen in `/proc`, so that "it blocks" and "it is stuck"
//!   are facts and not guesses about time.
//! - [`program`]: a program run to its end, with its exit status and what it printed.
//! - [`scene`]: a program whose scenes print what they see, and what is left of them.
//! - [`other_children`], [`affinity`]: a scene's caller has children of its own, and every CPU it may have.
//! - [`procfs`]: what the kernel says of a process: its state, its open descriptors.
//! - [`quiescence`]: whether a process sleeps, is stopped, has ended or spins.
//! - [`seed`]: what is drawn at random is drawn from a seed that a grader may choose.
//! - [`steps`]: what a thread does, counted, so that "it spins" is no guess about time either.
//! - [`between`]: what another thread does between two steps of this one.
//! - [`growth`]: whether memory and descriptors are kept of every operation.
//! - [`running`]: a program observed while it runs, and interrupted.
//! - `http` (a feature): a real HTTP server on loopback whose answers are made up.
//! - [`sync`]: the facade that the exercises on locks are written against.

pub mod affinity;
pub mod between;
mod cases;
pub mod deadline;
pub mod growth;
mod hang;
#[cfg(feature = "http")]
pub mod http;
pub mod inherited;
mod lesson;
mod on_trial;
pub mod other_children;
pub mod program;
pub mod quiescence;
pub mod running;
pub mod scene;
mod seed;
mod sleep;
pub mod steps;
pub mod survey;
pub mod sync;
mod syscall_count;
pub mod threads;
pub mod way_out;

pub use evidence::Lesson;
pub use on_trial::on_trial;
pub use procfs;
pub use seed::seed;
