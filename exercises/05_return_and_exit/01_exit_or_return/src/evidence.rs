//! The evidence: four things that happen only if the way out does them. Given.
//!
//! Each writes its word straight to descriptor 1 when it happens, so whoever reads the other end
//! sees which ones happened, and in which order.

#![allow(unsafe_code)]

use std::str::FromStr;
use std::thread;

/// A way out of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `main` returns.
    Return,
    /// The function of Rust's standard library, [`std::process::exit`].
    ProcessExit,
    /// The function of the C library, exit(3).
    Exit,
    /// The function of the C library that is a thin wrapper of the system call, _exit(2).
    UnderscoreExit,
    /// The system call itself, exit_group(2), made with syscall(2).
    ExitGroup,
    /// The function of either library that ends the process with SIGABRT, abort(3).
    Abort,
    /// `main` panics.
    Panic,
}

/// Something that was done on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// The destructor of a value that lives in a frame below `main` ran.
    Destructor,
    /// What was left in the buffer of Rust's standard output was written.
    RustStdout,
    /// A handler that was registered with atexit(3) ran.
    AtexitHandler,
    /// What was left in the buffer of C's standard output was written.
    CStdio,
}

/// How a process ended, as its parent hears it from wait(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(u8),
    /// By this signal (`libc::SIGABRT`, for one).
    Killed(i32),
}

/// All that a way out leaves for others to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aftermath {
    /// What was done on the way out, in this order.
    pub traces: Vec<Trace>,
    /// How the process ended.
    pub ending: Ending,
}

impl Way {
    /// Every way.
    pub const ALL: [Way; 7] = [
        Way::Return,
        Way::ProcessExit,
        Way::Exit,
        Way::UnderscoreExit,
        Way::ExitGroup,
        Way::Abort,
        Way::Panic,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Way::Return => "return from main",
            Way::ProcessExit => "std::process::exit",
            Way::Exit => "exit(3)",
            Way::UnderscoreExit => "_exit(2)",
            Way::ExitGroup => "exit_group(2)",
            Way::Abort => "abort(3)",
            Way::Panic => "panic in main",
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Way::ALL
            .into_iter()
            .find(|way| way.name() == name)
            .ok_or_else(|| format!("{name}: no such way out"))
    }
}

const DESTRUCTOR: &str = "destructor ";
const RUST_STDOUT: &str = "rust-stdout ";
const ATEXIT_HANDLER: &str = "atexit-handler ";
const C_STDIO: &std::ffi::CStr = c"c-stdio ";

impl Trace {
    /// The traces in what a process wrote that had laid out the evidence.
    ///
    /// # Panics
    ///
    /// If it wrote anything else.
    pub fn read_all(stdout: &str) -> Vec<Trace> {
        stdout
            .split_whitespace()
            .map(|word| match word {
                "destructor" => Trace::Destructor,
                "rust-stdout" => Trace::RustStdout,
                "atexit-handler" => Trace::AtexitHandler,
                "c-stdio" => Trace::CStdio,
                other => panic!("no piece of evidence writes {other:?}"),
            })
            .collect()
    }
}

/// Writes its word when it is dropped.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once is no evidence"]
pub struct Guard(());

impl Guard {
    /// A further destructor that may run or not.
    pub fn new() -> Self {
        Self(())
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        write_now(DESTRUCTOR);
    }
}

/// Lays out all four pieces of evidence, and starts a second thread that only sleeps.
///
/// # Panics
///
/// If the machine refuses one of them.
pub fn lay_out() -> Guard {
    leave_no_core_file();
    // A way out that ends one thread and not the process leaves this one behind.
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
    // No newline: with one, a standard output that is line-buffered would write it at once.
    print!("{RUST_STDOUT}");
    // SAFETY: the format is a C string without conversions, so printf(3) reads no arguments.
    let printed = unsafe { libc::printf(C_STDIO.as_ptr()) };
    assert!(printed > 0, "printf(3) failed");
    // SAFETY: the handler is a function of this program, which is never unloaded (atexit(3)).
    let refused = unsafe { libc::atexit(atexit_handler) };
    assert!(refused == 0, "atexit(3) refused the handler");
    Guard::new()
}

extern "C" fn atexit_handler() {
    write_now(ATEXIT_HANDLER);
}

/// Writes with write(2), past every buffer.
fn write_now(word: &str) {
    // SAFETY: the pointer and the length are those of a live string (write(2)).
    let written = unsafe { libc::write(libc::STDOUT_FILENO, word.as_ptr().cast(), word.len()) };
    // So short a write to a pipe is never split (pipe(7)). An error could be reported to nobody.
    debug_assert_eq!(written, word.len().cast_signed());
}

/// A process that aborts may leave a core file in the working directory (core(5)): not this one. (A
/// system that pipes core dumps to a program ignores this limit.)
fn leave_no_core_file() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: setrlimit(2) only reads the structure, which lives until it returns.
    let failed = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
    assert!(failed == 0, "setrlimit(2): {}", std::io::Error::last_os_error());
}
