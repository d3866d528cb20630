//! The payload is looked at where it lies, and handed on as it was caught; the predictions follow the way from its
//! start to its end.
//!
//! Why it is right: the type is private, so that no panic can be taken for an exit, and no hook hears of either.

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
    let status = i32::from(code);
    match way {
        Way::Return => code.into(),
        Way::ProcessExit => process::exit(status),
        // SAFETY: no other thread calls exit(3), which must not run in two at once.
        Way::Exit => unsafe { libc::exit(status) },
        // SAFETY: nothing of this process runs after _exit(2).
        Way::UnderscoreExit => unsafe { libc::_exit(status) },
        Way::ExitGroup => loop {
            // SAFETY: the kernel takes an integer and no memory (exit_group(2)).
            unsafe { libc::syscall(libc::SYS_exit_group, status) };
        },
        // SAFETY: abort(3) may be called at any time.
        Way::Abort => unsafe { libc::abort() },
        Way::Panic => panic!("the workshop burns"),
    }
}

/// What a process leaves that has laid out its evidence and calls [`leave`].
pub fn predict(way: Way, code: u8) -> Aftermath {
    let mut traces = Vec::new();
    // Two unwind main's frame, or leave it by returning.
    if matches!(way, Way::Return | Way::Panic) {
        traces.push(Trace::Destructor);
    }
    // Then Rust's runtime ends the program; `process::exit` begins here.
    if matches!(way, Way::Return | Way::Panic | Way::ProcessExit) {
        traces.push(Trace::RustStdout);
    }
    // All of these come to exit(3). What is left are the bare system call and a signal.
    if !matches!(way, Way::UnderscoreExit | Way::ExitGroup | Way::Abort) {
        traces.extend([Trace::AtexitHandler, Trace::CStdio]);
    }
    let ending = match way {
        Way::Panic => Ending::Exited(101),
        Way::Abort => Ending::Killed(libc::SIGABRT),
        _ => Ending::Exited(code),
    };
    Aftermath { traces, ending }
}

/// What an [`unwinding_exit`] panics with. Nobody else can.
struct Exit(u8);

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], prints nothing, and does not come back.
pub fn unwinding_exit(code: u8) -> ! {
    // A hook is for panics, and this is none.
    panic::resume_unwind(Box::new(Exit(code)))
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    match panic::catch_unwind(body) {
        Ok(code) => code,
        Err(payload) => match payload.downcast_ref() {
            Some(&Exit(code)) => code.into(),
            // Without the hook: it has had its say already.
            None => panic::resume_unwind(payload),
        },
    }
}
