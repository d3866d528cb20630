//! Each `run` opens a slot on its thread; an exit leaves the code in the innermost one and unwinds with an
//! empty payload.
//!
//! Why it is right: a slot is closed by the `run` that opened it, however its body ends, so no code is left
//! for a later panic. The payload's private type says that it is an exit, the slot says with which code.

// The C library's ways out and the system call are unsafe functions.
#![allow(unsafe_code)]

pub mod evidence;

use std::cell::RefCell;
use std::panic::{UnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::process::{ExitCode, abort, exit};

use evidence::Trace::{AtexitHandler, CStdio, Destructor, RustStdout};
use evidence::{Aftermath, Ending, Way};

/// Leaves the process this way, with this exit code if the way takes one.
///
/// [`Way::Return`] alone comes back: its value is what `main` then returns.
pub fn leave(way: Way, code: u8) -> ExitCode {
    match way {
        Way::Return => return ExitCode::from(code),
        Way::ProcessExit => exit(i32::from(code)),
        // SAFETY: no other thread calls exit(3), which must not run in two at once.
        Way::Exit => unsafe { libc::exit(libc::c_int::from(code)) },
        // SAFETY: nothing of this process runs after _exit(2).
        Way::UnderscoreExit => unsafe { libc::_exit(libc::c_int::from(code)) },
        // SAFETY: the kernel takes an integer and no memory (exit_group(2)).
        Way::ExitGroup => unsafe { libc::syscall(libc::SYS_exit_group, libc::c_long::from(code)) },
        Way::Abort => abort(),
        Way::Panic => panic_any("there is no other way out"),
    };
    unreachable!("{} does not come back", way.name())
}

/// What a process leaves that has laid out its evidence and calls [`leave`].
pub fn predict(way: Way, code: u8) -> Aftermath {
    let (traces, ending): (&[_], _) = match way {
        Way::Return => (&[Destructor, RustStdout, AtexitHandler, CStdio], Ending::Exited(code)),
        Way::ProcessExit => (&[RustStdout, AtexitHandler, CStdio], Ending::Exited(code)),
        Way::Exit => (&[AtexitHandler, CStdio], Ending::Exited(code)),
        Way::UnderscoreExit | Way::ExitGroup => (&[], Ending::Exited(code)),
        Way::Abort => (&[], Ending::Killed(libc::SIGABRT)),
        // As a return, but with a code of the runtime's own.
        Way::Panic => return predict(Way::Return, 101),
    };
    Aftermath { traces: traces.to_vec(), ending }
}

thread_local! {
    /// The slots of the runs that are going on here, the innermost last.
    static SLOTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The payload of an exit.
struct Leaving;

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], prints nothing, and does not come back.
pub fn unwinding_exit(code: u8) -> ! {
    SLOTS.with_borrow_mut(|slots| *slots.last_mut().expect("it is called below `run`") = code);
    resume_unwind(Box::new(Leaving))
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    SLOTS.with_borrow_mut(|slots| slots.push(0));
    let ended = catch_unwind(body);
    let code = SLOTS.with_borrow_mut(Vec::pop).expect("every run closes its own slot");
    match ended {
        Ok(code) => code,
        Err(payload) if payload.is::<Leaving>() => ExitCode::from(code),
        Err(payload) => resume_unwind(payload),
    }
}
