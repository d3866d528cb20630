//! What this machine allows: tried, not read from settings.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace;

/// Whether a child may be traced (ptrace(2)).
pub fn ptrace() -> io::Result<()> {
    try_in_child(|| Ok(ptrace::traceme()?))
}

/// Starts a program that does nothing, with `attempt` made between fork and exec.
fn try_in_child(attempt: fn() -> io::Result<()>) -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: the attempt is one system call, which is async-signal-safe (signal-safety(7)).
    unsafe { command.pre_exec(attempt) };
    end(command.spawn()?)
}

/// A traced child stops at its exec: it is killed rather than waited for.
fn end(mut child: Child) -> io::Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}
