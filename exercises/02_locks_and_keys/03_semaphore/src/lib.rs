//! A counting semaphore. Yours is `src/semaphore.rs`; this file only gives it its `crate::sync`.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

pub use semaphore::{Permit, Semaphore};
