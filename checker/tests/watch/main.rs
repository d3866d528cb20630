//! `checker watch`, driven through a pseudo-terminal as a learner drives it.

mod editors;
mod endings;
mod keys;
// The other tests use more of it.
#[allow(dead_code)]
#[path = "../end_to_end/miniature.rs"]
mod miniature;
mod plain;
mod prepares;
mod saves;
mod sizes;
mod terminal;
