//! Misconception: process::exit from a depth is as good as a return, only shorter.
//! Caught by: an_unwinding_exit_runs_the_destructors_of_every_frame
//! Message: the process ends down there, by a function that does not unwind

// The C library's ways out and the system call are unsafe functions.
#![allow(unsafe_code)]

pub mod evidence;

use std::panic::UnwindSafe;
use std::process::{self, ExitCode};

use evidence::{Aftermath, Ending, Trace, Way};

/// Leaves the process this way, with this exit code if the way takes one.
///
/// [`Way::Return`] alone comes back: its value is what `main` then returns.
pub fn leave(way: Way, code: u8) -> ExitCode {
    match way {
        Way::Return => ExitCode::from(code),
        Way::ProcessExit => process::exit(code.into()),
        // SAFETY: exit(3) must not run in two threads at once; no other thread calls it.
        Way::Exit => unsafe { libc::exit(code.into()) },
        // SAFETY: _exit(2) may be called at any time; no code of this process runs after it.
        Way::UnderscoreExit => unsafe { libc::_exit(code.into()) },
        Way::ExitGroup => {
            // SAFETY: exit_group(2) takes an int and touches no memory of ours.
            unsafe { libc::syscall(libc::SYS_exit_group, libc::c_int::from(code)) };
            unreachable!("exit_group(2) does not return")
        }
        Way::Abort => process::abort(),
        Way::Panic => panic!("leaving by a panic, on purpose"),
    }
}

/// What a process leaves that has laid out its evidence and calls [`leave`].
pub fn predict(way: Way, code: u8) -> Aftermath {
    use Trace::{AtexitHandler, CStdio, Destructor, RustStdout};
    let traces = match way {
        Way::Return | Way::Panic => vec![Destructor, RustStdout, AtexitHandler, CStdio],
        Way::ProcessExit => vec![RustStdout, AtexitHandler, CStdio],
        Way::Exit => vec![AtexitHandler, CStdio],
        Way::UnderscoreExit | Way::ExitGroup | Way::Abort => vec![],
    };
    let ending = match way {
        Way::Abort => Ending::Killed(libc::SIGABRT),
        // The code of a program whose main thread panicked, whatever code it had in mind.
        Way::Panic => Ending::Exited(101),
        _ => Ending::Exited(code),
    };
    Aftermath { traces, ending }
}

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], prints nothing, and does not come back.
pub fn unwinding_exit(code: u8) -> ! {
    process::exit(code.into())
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    body()
}
