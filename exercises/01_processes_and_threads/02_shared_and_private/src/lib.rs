//! An instrument: a change is made on one side of a boundary, and looked at from the other.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod resource;

use std::any::type_name_of_val;
use std::io;

use resource::{Resource, Row};

/// What lies between two sides.
#[derive(Debug, Clone, Copy)]
pub enum Boundary {
    /// The other side is a new thread of this process.
    Thread,
    /// The other side is a new child process.
    Process,
}

/// Runs `change` on the calling thread, then `look` on the other side, and returns what `look` returns.
///
/// The other side is there before `change` begins, with all that it inherits, and sleeps until `change` has ended.
/// `change` may leave processes behind, which live on. The caller sleeps until the answer is there: any `u64`, whole.
/// On return the other side has ended (a thread: with the destructors of its thread-locals), a child is reaped, and
/// no other child of the caller has been waited for. A caller may ignore SIGCHLD; a signal that it handles changes
/// nothing. A child ends in here: it runs no exit handler of the caller and no destructor but of what `look` owns,
/// and writes nothing that the caller has printed.
///
/// If `change` panics, `look` does not run, and the panic goes on to the caller, with its payload, when the
/// other side has ended. Many threads may call this at once with [`Boundary::Thread`];
/// [`Boundary::Process`] is for a process with one thread (fork(2)).
///
/// # Errors
/// If the other side cannot be made (then `change` does not run), or gives no answer: `look` panics, or a child
/// exits in it or is killed.
pub fn across(
    boundary: Boundary,
    change: impl FnOnce(),
    look: impl FnOnce() -> u64 + Send,
) -> io::Result<u64> {
    let (_change, _look) = (type_name_of_val(&change), type_name_of_val(&look));
    todo!("a {boundary:?} is made, {_change} is called here, and only then {_look} over there")
}

/// Whether a change of this resource is seen on the other side. The caller itself stays as it was: a child
/// makes the change. Every call gives the same answer.
///
/// # Errors
/// As [`across`], and if there is no [`resource::Probe`] or it cannot make the change.
pub fn is_seen(resource: Resource, boundary: Boundary) -> io::Result<bool> {
    todo!("in a child process, make a Probe of {resource:?}, and use it across {boundary:?}")
}

/// One row for each resource, in the order of [`Resource::ALL`].
///
/// # Errors
/// The first of [`is_seen`].
pub fn inventory() -> io::Result<Vec<Row>> {
    todo!("ask `is_seen` of {} resources, twice each", Resource::ALL.len())
}
