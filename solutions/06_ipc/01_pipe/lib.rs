//! A pipeline of programs, as the shell's `a | b | c`: descriptors, fork, exec, wait.
//!
//! Why it works: a pipe tells two things by who is still there. A reader sees end-of-file when the
//! *last* write end is closed, a writer gets SIGPIPE when the *last* read end is (pipe(7)), in
//! whatever process they are. So every copy that is not in use must go. fork copies all of them; exec
//! closes the copies that are close-on-exec, all but the two that `dup2` made, which never are
//! (dup2(2)); and the parent drops its own as soon as the stage has them.

#![allow(unsafe_code)] // fork(2) and signal(2) are unsafe in `nix`

use std::convert::Infallible;
use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::{ptr, thread};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork, pipe2, write};

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
    /// What the last stage wrote to its descriptor 1, up to end-of-file.
    pub output: Vec<u8>,
    /// How each stage ended, in the order of the stages.
    pub endings: Vec<Ending>,
}

/// Starts the program at the path `argv[0]` in a child; returns once it runs.
///
/// Its descriptor 0 is `stdin`, its 1 is `stdout`, whatever numbers these have (the caller may have closed its
/// own 0 and 1); its 2 is the caller's 2; of the caller's descriptors that are close-on-exec it has no
/// other. SIGPIPE is at its default.
///
/// # Errors
/// If the program cannot be started, the error of exec; then this child is reaped, and no other. It has
/// run no exit handler of the caller's, and written nothing that lay in the caller's buffers.
pub fn spawn(argv: &[CString], stdin: BorrowedFd<'_>, stdout: BorrowedFd<'_>) -> io::Result<Pid> {
    // A pipe for the bad news. An exec that works closes `tell`, so the parent reads end-of-file. In a caller
    // that has closed 0 or 1, a new descriptor has that number, and `dup2` would write over it. Copies that
    // std makes are numbered from 3 on, and are close-on-exec.
    let (news, low) = pipe2(OFlag::O_CLOEXEC)?;
    let (tell, stdin, stdout) =
        (low.try_clone()?, stdin.try_clone_to_owned()?, stdout.try_clone_to_owned()?);
    drop(low);
    // What exec takes, made before the fork: `execv` of `nix` would allocate it in the child.
    let pointers: Vec<*const c_char> =
        argv.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
    // SAFETY: a child of a process with several threads may call async-signal-safe functions only
    // (fork(2)). It calls dup2, signal, execv, write and _exit; it allocates nothing and does not
    // return.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let Err(errno) = become_stage(&pointers, stdin.as_fd(), stdout.as_fd());
            // The parent waits for these bytes. If it is gone nobody is left to be told.
            let _ = write(&tell, &(errno as i32).to_ne_bytes());
            // SAFETY: it ends the child here; the parent's handlers and buffers are left alone.
            unsafe { libc::_exit(127) }
        }
        ForkResult::Parent { child } => {
            // Else the end-of-file never comes: this process would be the last writer.
            drop(tell);
            let mut errno = Vec::new();
            File::from(news).read_to_end(&mut errno)?;
            match <[u8; 4]>::try_from(errno) {
                Ok(errno) => {
                    reap(child)?;
                    Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
                }
                Err(_) => Ok(child),
            }
        }
    }
}

/// In the child: descriptors and signals as the program expects them, then the program.
///
/// Returns only if that fails.
fn become_stage(
    argv: &[*const c_char],
    stdin: BorrowedFd<'_>,
    stdout: BorrowedFd<'_>,
) -> nix::Result<Infallible> {
    // The copies that `dup2` makes are not close-on-exec, the originals are. (`dup2` of a descriptor onto
    // itself changes nothing, so it would stay close-on-exec. Both are numbered from 3 on.)
    dup2_stdin(stdin)?;
    dup2_stdout(stdout)?;
    // Rust's runtime has set SIGPIPE to ignored, and what is ignored stays ignored across exec
    // (signal(7)). A stage like `yes` would never end.
    // SAFETY: SIG_DFL is no function of ours that could be called at a bad moment.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    if argv[0].is_null() {
        return Err(Errno::ENOENT);
    }
    // SAFETY: the pointers are those of the caller's strings, and the array ends in null (execve(2)).
    unsafe { libc::execv(argv[0], argv.as_ptr()) };
    Err(Errno::last())
}

/// Runs `stages[0] | stages[1] | …` to the end: feeds `input` to the first stage, collects what the
/// last one writes, and reaps every stage.
///
/// The stages are started in their order. It makes no other child, and waits for no other.
/// A first stage that does not want all of the input is no error.
///
/// # Errors
/// If a stage cannot be started: those before it are killed and reaped, every descriptor is closed.
pub fn run(stages: &[Vec<CString>], input: &[u8]) -> io::Result<Outcome> {
    let mut children = Vec::new();
    let (feed, collect) = match start(stages, &mut children) {
        Ok(ends) => ends,
        Err(error) => {
            // End-of-file would not end a stage that does not read.
            for &child in &children {
                kill(child, Signal::SIGKILL)?;
                reap(child)?;
            }
            return Err(error);
        }
    };
    // Both at once. A pipe holds 16 pages (pipe(7)): if all were fed before anything is collected, the
    // stages would wait for us to read and we for them.
    let output = thread::scope(|scope| {
        scope.spawn(|| feed_all(feed, input));
        let mut output = Vec::new();
        File::from(collect).read_to_end(&mut output).map(|_| output)
    });
    // By process id, in the order of the stages, whichever of them ended first.
    // Each is reaped, even if the wait for one before it has failed.
    let endings: Vec<_> = children.into_iter().map(reap).collect();
    Ok(Outcome { output: output?, endings: endings.into_iter().collect::<io::Result<_>>()? })
}

/// Starts the stages from left to right and returns the two ends that are ours: the write end of the
/// first pipe and the read end of the last. The stages that were started are in `children`, even after an error.
fn start(stages: &[Vec<CString>], children: &mut Vec<Pid>) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut upstream, feed) = pipe2(OFlag::O_CLOEXEC)?;
    for argv in stages {
        let (read_end, write_end) = pipe2(OFlag::O_CLOEXEC)?;
        children.push(spawn(argv, upstream.as_fd(), write_end.as_fd())?);
        // The stage has its copies. Ours go here: `write_end` at the end of this round, and the read
        // end behind it because the next one takes its place.
        upstream = read_end;
    }
    Ok((feed, upstream))
}

/// Writes the input and closes the pipe, which is the first stage's end-of-file.
fn feed_all(feed: OwnedFd, input: &[u8]) {
    // It fails with EPIPE if the first stage has closed its end: it wants no more, as `head` does.
    // (In this process SIGPIPE is ignored, so there is an error to ignore.)
    let _ = File::from(feed).write_all(input);
}

/// Waits for this one child, so that it does not remain a zombie.
fn reap(child: Pid) -> io::Result<Ending> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ending::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ending::Signalled(signal)),
            // Without WUNTRACED and WCONTINUED it reports nothing else (wait(2)).
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
