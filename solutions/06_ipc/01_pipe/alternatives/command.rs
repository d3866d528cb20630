//! `std::process::Command` starts the stages and Rust's `Child` waits for them; the input is fed by a thread.
//!
//! Why it is right: `Command` moves the descriptors, resets SIGPIPE and reports the error of exec. Two
//! habits of it are switched off: it looks a name without a slash up in PATH, so such a name becomes
//! `./name`; and it keeps a copy of the descriptors that it was given, so it must be gone before anybody
//! reads.

use std::ffi::{CString, OsStr};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;

use nix::errno::Errno;
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
    // A `Child` that is dropped is neither killed nor waited for: the caller has its number.
    start_child(argv, stdin, stdout).map(|child| Pid::from_raw(child.id().cast_signed()))
}

fn start_child(
    argv: &[CString],
    stdin: BorrowedFd<'_>,
    stdout: BorrowedFd<'_>,
) -> io::Result<Child> {
    let words: Vec<&OsStr> = argv.iter().map(|word| OsStr::from_bytes(word.as_bytes())).collect();
    let (name, arguments) = words.split_first().ok_or(Errno::ENOENT)?;
    // Descriptor 2 is inherited unless something else is said. If exec fails, `spawn` has reaped the child.
    Command::new(path(name))
        .arg0(name)
        .args(arguments)
        .stdin(stdin.try_clone_to_owned()?)
        .stdout(stdout.try_clone_to_owned()?)
        .spawn()
}

/// The path that a name is: exec(3) looks up in PATH what has no slash.
fn path(name: &OsStr) -> PathBuf {
    match name.as_bytes() {
        bytes if bytes.is_empty() || bytes.contains(&b'/') => PathBuf::from(name),
        _ => Path::new(".").join(name),
    }
}

/// Stages that run. Whoever drops them without [`Stages::wait`] has given up, and they with it.
struct Stages(Vec<Child>);

impl Stages {
    /// How each ended, in their order: `Child::wait` waits for this one child.
    fn wait(&mut self) -> io::Result<Vec<Ending>> {
        self.0.iter_mut().map(|child| Ok(ending(child.wait()?))).collect()
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Both do nothing for a child that has been waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
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
    let (mut upstream, feed) = io::pipe()?;
    let mut running = Stages(Vec::new());
    for argv in stages {
        let (read_end, write_end) = io::pipe()?;
        running.0.push(start_child(argv, upstream.as_fd(), write_end.as_fd())?);
        upstream = read_end;
    }
    let output = feed_and_collect(feed, input, upstream)?;
    Ok(Outcome { output, endings: running.wait()? })
}

/// Feeds on a thread and collects on this one.
fn feed_and_collect(
    mut feed: PipeWriter,
    input: &[u8],
    mut collect: PipeReader,
) -> io::Result<Vec<u8>> {
    thread::scope(|scope| {
        // The thread owns the write end, which it closes at its end. EPIPE says that the first stage has
        // enough.
        scope.spawn(move || feed.write_all(input));
        let mut output = Vec::new();
        collect.read_to_end(&mut output)?;
        Ok(output)
    })
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => {
            let signal = signal.and_then(|signal| Signal::try_from(signal).ok());
            Ending::Signalled(signal.expect("no stage is ended by a real-time signal"))
        }
    }
}
