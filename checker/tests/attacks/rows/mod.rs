//! The attacks, in the order of the table in `docs/security.md`.

mod at_build_time;
mod at_run_time;
mod on_the_verdict;
mod that_wait;

pub use at_build_time::{AT_BUILD_TIME, ENDLESS_COMPILES};
pub use at_run_time::AT_RUN_TIME;
pub use on_the_verdict::ON_THE_VERDICT;
pub use that_wait::THAT_WAIT;
