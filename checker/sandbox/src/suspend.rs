//! Ctrl-Z in a program that reads the key itself.
#![allow(unsafe_code)]

use std::io;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::Pid;

/// Stops this process and its group, as the terminal would have done: make, which started it, too. Returns when
/// it goes on. Where no shell could have it go on, an orphaned process group, nothing happens.
///
/// For the main thread: the kernel has that one take a signal of the process first, and so it is stopped before
/// the handler is put back.
pub fn suspend() -> io::Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code (sigaction(2)).
    let before = unsafe { sigaction(Signal::SIGTSTP, &default) }?;
    let sent = kill(Pid::from_raw(0), Signal::SIGTSTP);
    // SAFETY: it is the handler that was there, which was installed as one.
    unsafe { sigaction(Signal::SIGTSTP, &before) }?;
    Ok(sent?)
}
