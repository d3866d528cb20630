//! A pipeline of programs, as the shell's `a | b | c`: descriptors, fork, exec, wait.

#![allow(unsafe_code)] // fork(2) and signal(2) are unsafe in `nix`

use std::ffi::CString;
use std::io;
use std::os::fd::BorrowedFd;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// How a stage ended, from its wait status.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It ended by itself, with this code.
    Exited(i32),
    /// This signal ended it. (No stage here is ended by a real-time signal: `Signal` has no names
    /// for those, see exercise 4.4.)
    Signalled(Signal),
}

/// What a pipeline did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was written into the last pipe, up to end-of-file: also by what a stage has left behind.
    pub output: Vec<u8>,
    /// How each stage ended, in the order of the stages.
    pub endings: Vec<Ending>,
}

/// Starts the program at the path `argv[0]`, which is there, in a child; returns once it runs.
///
/// Its descriptor 0 is `stdin`, its 1 is `stdout`, whatever numbers these have (the caller may have closed its
/// own 0 and 1); its 2 is the caller's 2 (which is not close-on-exec); of the caller's descriptors that are
/// close-on-exec it has no other. SIGPIPE is at its default. Its environment is the caller's, byte for byte.
/// The caller's other threads see no change, not even for a moment: its dispositions stay as they are.
///
/// # Errors
/// If the program cannot be started, the error of exec; then this child is reaped, and no other. It has
/// run no exit handler of the caller's, and written nothing that lay in the caller's buffers.
pub fn spawn(argv: &[CString], stdin: BorrowedFd<'_>, stdout: BorrowedFd<'_>) -> io::Result<Pid> {
    todo!("fork; in the child make {stdin:?} 0 and {stdout:?} 1, then exec {argv:?}")
}

/// Runs `stages[0] | stages[1] | …` to the end: feeds `input` to the first stage, collects what the
/// last one writes, and reaps every stage.
///
/// There is at least one stage, and each has at least its `argv[0]`. The stages are started in their order.
/// It makes no other child, and waits for no other. It sleeps while there is nothing to do, and relies on no
/// size of a pipe.
/// A first stage that does not want all of the input is no error. (SIGPIPE is ignored in the caller, as in every
/// Rust program that does not change that.)
///
/// # Errors
/// If a stage cannot be started, for want of a pipe too: those before it are killed and reaped, every descriptor
/// is closed.
pub fn run(stages: &[Vec<CString>], input: &[u8]) -> io::Result<Outcome> {
    let (count, bytes) = (stages.len(), input.len());
    todo!("{count} stages, pipes between them; feed {bytes} bytes, collect, reap")
}
