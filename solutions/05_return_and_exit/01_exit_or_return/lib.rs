//! The ways out of a process, and what each of them does on the way.
//!
//! The ways form a chain, and each begins further along it:
//!
//! ```text
//! return, panic   destructors, frame by frame, up to Rust's runtime
//! process::exit   Rust's runtime flushes its standard output
//! exit(3)         the C library runs the atexit handlers, then flushes its streams
//! _exit(2)        a wrapper of the system call
//! exit_group(2)   the system call: the kernel ends all threads
//! ```
//!
//! Nobody down the chain knows of what lies above: the kernel has never heard of a buffer, the C
//! library has never heard of a destructor. abort(3) stands beside the chain: it ends the process
//! by a signal, at once.

// The C library's ways out and the system call are unsafe functions.
#![allow(unsafe_code)]

pub mod evidence;

use std::panic::{self, UnwindSafe};
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

/// The payload of an [`unwinding_exit`]. The type is private, so no panic can be taken for one.
struct Exit(u8);

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], prints nothing, and does not come back.
pub fn unwinding_exit(code: u8) -> ! {
    // Unwinds like a panic, but without the hook that prints a message.
    panic::resume_unwind(Box::new(Exit(code)))
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    panic::catch_unwind(body).unwrap_or_else(|payload| match payload.downcast::<Exit>() {
        Ok(exit) => ExitCode::from(exit.0),
        Err(payload) => panic::resume_unwind(payload),
    })
}
