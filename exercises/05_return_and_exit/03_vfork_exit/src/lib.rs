//! Guests in the parent's room: what a vfork child may do there, and what it must not.

// A closure that runs in a vfork child is unsafe to start: it works in its host's memory.
#![allow(unsafe_code)]

pub mod evidence;
pub mod vfork;

use std::any::type_name_of_val;
use std::ffi::CStr;

use nix::errno::Errno;
use nix::unistd::Pid;

use evidence::{Aftermath, Leaving};
use vfork::Call;

/// Has a vfork child do the work, and returns the result when the child is gone and waited for.
///
/// All 32 bits of it: an exit status has only 8. The work returns, unless a signal ends the guest, and any
/// may: then there is no answer. Fail or panic, do not make one up. Several threads may call this, [`spawn`],
/// and [`visit`] by `_exit` at the same time.
pub fn ask(work: impl FnMut() -> i32) -> Result<i32, Errno> {
    todo!("have a guest call {} and put the result where you find it", type_name_of_val(&work))
}

/// Has a vfork child leave in this way with this code; waits for it and returns its exit code.
pub fn visit(leaving: Leaving, code: u8) -> Result<i32, Errno> {
    todo!("have a guest leave by {leaving:?} with {code}, then wait for it")
}

/// Which process does what the host had left for its own exit, if a guest has left in this way
/// before.
pub fn aftermath(leaving: Leaving) -> Aftermath {
    todo!("who runs the handlers and flushes the buffers after {leaving:?}?")
}

/// What [`vfork::canary`] brings back: what a host finds in its frame when its child has returned.
pub fn found_in_frame(call: Call) -> usize {
    todo!("whose word does the host find after {call:?}?")
}

/// Starts a program in a child process, and returns when that runs or could not be run.
///
/// `args` begins with the program's name, as in execve(2); `env` is its whole environment, each
/// entry a `NAME=value`. Its signal mask is the caller's. The caller waits for the child.
///
/// # Errors
///
/// That of the execve(2) in the child, which this function has then waited for; or that of the
/// vfork.
pub fn spawn(program: &CStr, args: &[&CStr], env: &[&CStr]) -> Result<Pid, Errno> {
    todo!("have a guest become {program:?} with {args:?} and {env:?}, or leave word of its errno")
}
