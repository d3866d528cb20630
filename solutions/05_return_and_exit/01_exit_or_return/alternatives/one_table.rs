//! A table has a row for each way: how it is taken, where it enters the chain, how the process ends. An exit
//! on its way up is a value that can report itself, as `main` may return one (`Termination`).
//!
//! Why it is right: the four traces always come in the same order, and a way leaves those from its entry on.
//! So a prediction is a slice, and `leave` a call of the same row.

// The C library's ways out and the system call are unsafe functions.
#![allow(unsafe_code)]

pub mod evidence;

use std::any::Any;
use std::panic::{self, UnwindSafe};
use std::process::{self, ExitCode, Termination};

use evidence::{Aftermath, Ending, Trace, Way};

/// What is done on the way down, from main's frame to the system call.
const CHAIN: [Trace; 4] =
    [Trace::Destructor, Trace::RustStdout, Trace::AtexitHandler, Trace::CStdio];

struct Row {
    take: fn(u8) -> ExitCode,
    /// How many links of the chain it leaves out.
    skipped: usize,
    ending: fn(u8) -> Ending,
}

fn row(way: Way) -> Row {
    let (take, skipped): (fn(u8) -> ExitCode, usize) = match way {
        Way::Return => (ExitCode::from, 0),
        Way::ProcessExit => (|code| process::exit(code.into()), 1),
        // SAFETY: no other thread calls exit(3), which must not run in two at once.
        Way::Exit => (|code| unsafe { libc::exit(code.into()) }, 2),
        // SAFETY: nothing of this process runs after _exit(2).
        Way::UnderscoreExit => (|code| unsafe { libc::_exit(code.into()) }, 4),
        Way::ExitGroup => (exit_group, 4),
        Way::Abort => (|_| process::abort(), 4),
        Way::Panic => (|_| panic!("nobody can work here any more"), 0),
    };
    let ending: fn(u8) -> Ending = match way {
        Way::Abort => |_| Ending::Killed(libc::SIGABRT),
        Way::Panic => |_| Ending::Exited(101),
        _ => Ending::Exited,
    };
    Row { take, skipped, ending }
}

fn exit_group(code: u8) -> ExitCode {
    // SAFETY: the kernel takes an integer and no memory (exit_group(2)).
    let returned = unsafe { libc::syscall(libc::SYS_exit_group, libc::c_int::from(code)) };
    unreachable!("exit_group(2) has returned {returned}")
}

/// Leaves the process this way, with this exit code if the way takes one.
///
/// [`Way::Return`] alone comes back: its value is what `main` then returns.
pub fn leave(way: Way, code: u8) -> ExitCode {
    (row(way).take)(code)
}

/// What a process leaves that has laid out its evidence and calls [`leave`].
pub fn predict(way: Way, code: u8) -> Aftermath {
    let Row { skipped, ending, .. } = row(way);
    Aftermath { traces: CHAIN[skipped..].to_vec(), ending: ending(code) }
}

/// An exit that is on its way up. It is private, so no other panic has it as its payload.
struct OnItsWay {
    code: u8,
}

impl Termination for OnItsWay {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// Leaves the process from any depth with this exit code, and unwinds the stack on the way.
///
/// It is called below [`run`], prints nothing, and does not come back.
pub fn unwinding_exit(code: u8) -> ! {
    let payload: Box<dyn Any + Send> = Box::new(OnItsWay { code });
    panic::resume_unwind(payload)
}

/// Runs `body` and returns its exit code, or that of an [`unwinding_exit`] somewhere below it.
///
/// Any other panic is passed on.
pub fn run(body: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    panic::catch_unwind(body)
        .or_else(|payload| payload.downcast::<OnItsWay>().map(|exit| exit.report()))
        .unwrap_or_else(|payload| panic::resume_unwind(payload))
}
