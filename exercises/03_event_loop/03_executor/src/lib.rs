//! Futures and an executor. Yours is `src/executor.rs`; this file only gives it its `crate::sync`.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod executor;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

pub use executor::{Executor, Join2, JoinError, JoinHandle, YieldNow, block_on};
