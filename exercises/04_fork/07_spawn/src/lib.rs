//! fork and exec, with the error brought back.

#![allow(unsafe_code)] // fork(2), execv(3) and sigaction(2) are the subject

use std::io;
use std::os::fd::BorrowedFd;

use nix::unistd::Pid;

/// What the program finds as its descriptors 0, 1 and 2; where there is `None`, the caller's own, or
/// nothing, if the caller has none there or one that is close-on-exec.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stdio<'fd> {
    /// Its descriptor 0.
    pub stdin: Option<BorrowedFd<'fd>>,
    /// Its descriptor 1.
    pub stdout: Option<BorrowedFd<'fd>>,
    /// Its descriptor 2.
    pub stderr: Option<BorrowedFd<'fd>>,
}

/// Starts the program at the path `program` in a child, and returns when it runs; until then it sleeps.
///
/// Its argument 0 is `program`, the others are `args`; its directory is the caller's, and so is its
/// environment, byte for byte, whatever strings are in it.
/// - It has the descriptors 0, 1 and 2 as `stdio` says, which may be any descriptors of the caller
///   in any order, and no other, whatever the caller has open and however.
/// - None of its signals is blocked or ignored, whatever the caller has blocked or ignored. What the
///   caller has blocked is not handled in the child either (its other handlers may run there).
/// - The caller may have any number of threads: between fork and exec the child calls
///   async-signal-safe functions and bare system calls only, and so it allocates nothing.
///
/// Nothing changes in the caller, not even for a moment, but that there is a child. (The mask of the
/// calling thread is its own: it may change until the return.)
///
/// # Errors
/// If the program cannot be started: the error of the call that failed, in whichever process it did.
/// Then there is no child, not even a zombie, and the caller's other children are as they were. If
/// `program` or an argument contains a NUL, the error is of the kind `InvalidInput`. A child that a
/// signal ends before its exec was started: no error, the caller waits for it.
pub fn spawn(program: &str, args: &[&str], stdio: Stdio<'_>) -> io::Result<Pid> {
    todo!("fork; the child becomes {program} with {args:?} and {stdio:?}, or says why it cannot")
}
