//! The ways out of a process, and what each of them does on the way.

// The C library's ways out and the system call are unsafe functions.
#![allow(unsafe_code)]

pub mod evidence;

use std::any::type_name_of_val;
use std::panic::UnwindSafe;
use std::process::ExitCode;

use evidence::{Aftermath, Way};

/// Leaves the process this way, with this exit code if the way takes one.
///
/// [`Way::Return`] alone comes back: its value is what `main` then returns.
pub fn leave(way: Way, code: u8) -> ExitCode {
    match way {
        Way::Return => todo!("give {code} back as an ExitCode"),
        Way::ProcessExit => todo!("leave with {code} by the function of Rust's library"),
        Way::Exit => todo!("leave with {code} by exit(3); the crate `libc` declares it"),
        Way::UnderscoreExit => todo!("leave with {code} by _exit(2)"),
        Way::ExitGroup => todo!("leave with {code} by the system call SYS_exit_group"),
        Way::Abort => todo!("abort; there is no place for {code}"),
        Way::Panic => todo!("panic, in words of your own; there is no place for {code}"),
    }
}

/// What a process leaves that has laid out its evidence and calls [`leave`].
pub fn predict(way: Way, code: u8) -> Aftermath {
    todo!("say which traces {way:?} with {code} leaves, in order, and how the process ends")
}

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], on the same thread, prints nothing, and does not come back. Any number of
/// threads may do so at once, each with its own code, which may be 0.
pub fn unwinding_exit(code: u8) -> ! {
    todo!("unwind up to `run`, and let it know {code}")
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on, with the payload that it has. Runs may be nested, also in a destructor that
/// an exit or a panic runs: each has its own code. A panic hook that somebody has set stays as it is.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    todo!("call {}, and catch what unwinds out of it", type_name_of_val(&body))
}
