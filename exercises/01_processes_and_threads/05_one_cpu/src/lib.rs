//! A scheduler of processes for one CPU. Yours is `src/cpu.rs`.

mod cpu;
mod policy;

pub use cpu::{Feedback, RoundRobin, run};
pub use policy::{News, Policy};
