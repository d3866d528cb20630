//! posix_spawn(3) starts the stages, and a single thread feeds and collects by turns, as poll(2) says.
//!
//! Why it is right: posix_spawn returns when the exec has worked, or its error when the child is reaped. The
//! two ends of `run` do not block: it writes when there is room and reads when there is something, so no
//! full pipe can stop it.

#![allow(unsafe_code)] // environ(7) is C's

use std::ffi::{CStr, CString, c_char};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};

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
    let program = argv.first().ok_or(Errno::ENOENT)?;
    // Copies are numbered from 3 on: so the first dup2 never writes over what the second one needs.
    let (stdin, stdout) = (stdin.try_clone_to_owned()?, stdout.try_clone_to_owned()?);
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(stdin.as_raw_fd(), 0)?;
    actions.add_dup2(stdout.as_raw_fd(), 1)?;
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    Ok(posix_spawn(program.as_c_str(), &actions, &attributes, argv, &environment())?)
}

unsafe extern "C" {
    /// environ(7): the strings, and null behind the last; or null, if there are none.
    static environ: *const *const c_char;
}

/// The caller's environment as it is. (`env::vars_os` knows NAME=VALUE only.)
fn environment() -> Vec<CString> {
    // SAFETY: nobody changes the environment while others read it (std::env::set_var).
    let mut next = unsafe { environ };
    let mut strings = Vec::new();
    // SAFETY: it is null or points into the array.
    while let Some(string) = unsafe { next.as_ref() }.filter(|string| !string.is_null()) {
        // SAFETY: each is a string that ends in a NUL (environ(7)).
        strings.push(unsafe { CStr::from_ptr(*string) }.to_owned());
        // SAFETY: null, the last, was not reached yet.
        next = unsafe { next.add(1) };
    }
    strings
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
    let mut children = Vec::with_capacity(stages.len());
    let output = start(stages, &mut children)
        .inspect_err(|_| {
            for &child in &children {
                // An end that is not yet reaped has its number: this kills nobody else.
                let _ = kill(child, Signal::SIGKILL);
            }
        })
        .and_then(|(feed, collect)| exchange(feed, input, collect));
    let endings: Vec<_> = children.into_iter().map(reap).collect();
    Ok(Outcome { output: output?, endings: endings.into_iter().collect::<io::Result<_>>()? })
}

/// All pipes first, then the stages; what is left are the write end of the first and the read end of the
/// last.
fn start(stages: &[Vec<CString>], children: &mut Vec<Pid>) -> io::Result<(File, File)> {
    let pipes: Vec<_> =
        (0..=stages.len()).map(|_| pipe2(OFlag::O_CLOEXEC)).collect::<Result<_, _>>()?;
    for (argv, between) in stages.iter().zip(pipes.windows(2)) {
        let [(stdin, _), (_, stdout)] = between else { unreachable!("windows of two") };
        children.push(spawn(argv, stdin.as_fd(), stdout.as_fd())?);
    }
    let (reads, writes): (Vec<OwnedFd>, Vec<OwnedFd>) = pipes.into_iter().unzip();
    let feed = writes.into_iter().next().expect("there is one pipe at least");
    let collect = reads.into_iter().next_back().expect("there is one pipe at least");
    Ok((File::from(feed), File::from(collect)))
}

/// Writes all of the input and reads all of the output, whichever can be done.
fn exchange(feed: File, mut input: &[u8], mut collect: File) -> io::Result<Vec<u8>> {
    // The flag belongs to the end (the open file description): the stages' ends still block.
    for end in [&feed, &collect] {
        fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    let mut feed = Some(feed);
    let mut output = Vec::new();
    let mut block = vec![0; 1 << 16];
    loop {
        // Nothing left to write: the drop of the write end is the end-of-file.
        feed = feed.filter(|_| !input.is_empty());
        let mut ends = vec![PollFd::new(collect.as_fd(), PollFlags::POLLIN)];
        ends.extend(feed.as_ref().map(|feed| PollFd::new(feed.as_fd(), PollFlags::POLLOUT)));
        match poll(&mut ends, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        if let Some(mut end) = feed.as_ref() {
            match end.write(input) {
                Ok(count) => input = &input[count..],
                Err(error) if is_for_later(&error) => {}
                // EPIPE: the first stage wants no more.
                Err(_) => input = &[],
            }
        }
        match collect.read(&mut block) {
            Ok(0) => break,
            Ok(count) => output.extend_from_slice(&block[..count]),
            Err(error) if is_for_later(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // The last stage writes no more; the others may still want the rest of the input.
    if let Some(mut feed) = feed {
        fcntl(&feed, FcntlArg::F_SETFL(OFlag::empty()))?;
        let _ = feed.write_all(input);
    }
    Ok(output)
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Waits for this one child, so that it does not remain a zombie.
fn reap(child: Pid) -> io::Result<Ending> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ending::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ending::Signalled(signal)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
