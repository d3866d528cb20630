//! A round table. Yours is `src/table.rs`; this file only gives it its `crate::sync`.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod table;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

pub use table::Table;
