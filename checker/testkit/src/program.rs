//! A program run to its end: how it ended and what it printed.
//!
//! The program gets a process group of its own, no standard input unless one is given, and a
//! deadline. A process that it leaves behind holding the output pipe does not hang the test: the
//! program's own end is what is waited for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::deadline::DEADLINE;
use crate::hang;

/// A program that a test runs.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
}

/// How a process ended, as wait(2) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It called `_exit` with this code (0 to 255).
    Exited(i32),
    /// This signal ended it.
    Signalled(Signal),
    /// It was still running at the deadline, and the test killed it.
    TimedOut,
}

impl Ending {
    pub(crate) fn from_status(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => {
                Self::Signalled(Signal::try_from(signal).expect("the kernel sends known signals"))
            }
            (None, None) => unreachable!("a process that has ended exited or was signalled"),
        }
    }
}

/// What a test saw of a program.
#[derive(Debug, Clone)]
pub struct Observed {
    /// How it ended.
    pub ending: Ending,
    /// What it wrote to standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to standard error; bytes that are not UTF-8 are replaced.
    pub stderr: String,
    /// If it [timed out](Ending::TimedOut): who was asleep in which call, and who held the other
    /// ends of the pipes, a sentence for each process. Otherwise empty.
    pub stuck: String,
}

impl Observed {
    /// Standard output, line by line.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

impl Program {
    /// A program by its path; in a test, `env!("CARGO_BIN_EXE_name")`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), args: Vec::new(), env: BTreeMap::new(), stdin: Vec::new() }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Gives it this standard input; without a call it reads end-of-file.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// Runs it to its end or to the deadline.
    #[track_caller]
    pub fn run(&self) -> Observed {
        let mut child = self.start();
        let stdout = Reader::start(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Reader::start(child.stderr.take().expect("stderr is a pipe"));
        let (ending, stuck) = wait(&mut child);
        // What it left behind in its process group has no reader any more; ESRCH is the good case.
        let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
        Observed { ending, stdout: stdout.finish(), stderr: stderr.finish(), stuck }
    }

    #[track_caller]
    fn start(&self) -> Child {
        let mut child = Command::new(&self.path)
            .args(&self.args)
            .envs(&self.env)
            .stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.path.display()));
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.stdin.clone();
            // A program that reads nothing ends with the pipe full; EPIPE is its affair.
            thread::spawn(move || stdin.write_all(&input));
        }
        child
    }
}

/// Waits for the child itself, not for end-of-file: a daemon may hold the pipe open for ever.
fn wait(child: &mut Child) -> (Ending, String) {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours to wait for") {
            return (Ending::from_status(status), String::new());
        }
        if Instant::now() > deadline {
            let stuck = hang::explain(child.id() as i32);
            let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
            child.wait().expect("the child is ours to wait for");
            return (Ending::TimedOut, stuck);
        }
        // Polling costs at most this much delay; nothing is concluded from the time.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// Collects a pipe on a thread, so that a full pipe never stops the program.
struct Reader {
    collected: Arc<Mutex<Vec<u8>>>,
    thread: thread::JoinHandle<()>,
}

impl Reader {
    fn start(mut pipe: impl Read + Send + 'static) -> Self {
        let collected = Arc::new(Mutex::new(Vec::new()));
        let thread = thread::spawn({
            let collected = Arc::clone(&collected);
            move || {
                let mut buffer = [0; 8192];
                while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                    collected.lock().unwrap().extend_from_slice(&buffer[..count]);
                }
            }
        });
        Self { collected, thread }
    }

    /// What has come. The program has ended and its group is killed, so end-of-file is at hand
    /// unless a process that left the group holds the pipe; that one is not waited for.
    fn finish(self) -> String {
        let deadline = Instant::now() + DEADLINE;
        while !self.thread.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(200));
        }
        String::from_utf8_lossy(&self.collected.lock().unwrap()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("/bin/sh").arg("-c").arg(script)
    }

    #[test]
    fn an_exit_code_and_both_outputs_are_seen() {
        let observed = shell("echo out; echo err >&2; exit 3").run();
        assert_eq!(observed.ending, Ending::Exited(3));
        assert_eq!((observed.lines(), observed.stderr.as_str()), (vec!["out"], "err\n"));
    }

    #[test]
    fn a_signal_is_seen() {
        assert_eq!(shell("kill -SEGV $$").run().ending, Ending::Signalled(Signal::SIGSEGV));
    }

    #[test]
    fn input_is_passed_and_without_it_there_is_none() {
        assert_eq!(shell("cat").stdin("abc").run().stdout, "abc");
        assert_eq!(shell("cat").run().stdout, "");
    }

    #[test]
    fn more_than_a_pipe_holds_comes_through() {
        // With pages of 64 KiB a pipe holds 1 MiB (pipe(7)).
        assert_eq!(shell("head -c 4000000 /dev/zero").run().stdout.len(), 4_000_000);
    }

    #[test]
    fn a_background_process_that_holds_the_output_does_not_hang_the_test() {
        assert_eq!(shell("sleep 1000 & echo done").run().stdout, "done\n");
    }
}
