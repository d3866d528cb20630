//! A till. Yours is `src/till.rs`; this file only gives it its `crate::sync`.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod till;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

pub use till::Till;
