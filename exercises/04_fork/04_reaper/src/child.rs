//! A child that runs a closure. Given: `two_returns` is about it.

#![allow(unsafe_code)]

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::{ForkResult, Pid, fork};

/// Starts a child that runs `body` and exits with its code, or with 101 if it panics.
///
/// The process must have no second thread. The child has no signal blocked and SIGCHLD at its
/// default: how its parent hears of children is the parent's affair.
///
/// # Errors
/// If fork fails.
pub fn start(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    // What lies in the buffer would be copied, and written twice.
    io::stdout().flush()?;
    // SAFETY: there is no other thread, so the child is not restricted to async-signal-safe
    // functions (fork(2), signal-safety(7)).
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let whole_life =
                AssertUnwindSafe(|| forget_the_parents_signals().map_or(102, |()| body()));
            let code = panic::catch_unwind(whole_life).unwrap_or(101);
            let _ = io::stdout().flush();
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

fn forget_the_parents_signals() -> nix::Result<()> {
    // SAFETY: SIG_DFL is no function of ours that could be called at a bad moment.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    SigSet::empty().thread_set_mask()
}
