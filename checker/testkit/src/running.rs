//! A program observed while it runs: its lines as they come, a signal to it, its end.
//!
//! [`crate::program`] runs a program to its end; here a test does something in between.

#![allow(unsafe_code)]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, killpg, sigaction};
use nix::unistd::Pid;

use crate::deadline::DEADLINE;
use crate::program::Ending;
use crate::syscall_count;
use crate::threads::Settled;

/// System calls after which a thread that should sleep is said to spin.
const SPIN_CALLS: usize = 5_000;

/// So many looks at a program that runs, before its calls are counted.
const LOOKS: usize = 200;

/// What a program finds set for SIGINT when it starts: execve(2) keeps the dispositions "default"
/// and "ignored", and `program &` in a script starts programs with the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupts {
    /// SIGINT ends the program unless it does something about it.
    Default,
    /// SIGINT is ignored unless the program does something about it.
    Ignored,
}

/// A program that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    errors: mpsc::Receiver<String>,
}

impl Running {
    /// Starts a program with no input, in a process group of its own, with no signal blocked and
    /// SIGINT as given, whatever this process was started with.
    #[track_caller]
    pub fn start(command: &mut Command, interrupts: Interrupts) -> Self {
        let handler = match interrupts {
            Interrupts::Default => SigHandler::SigDfl,
            Interrupts::Ignored => SigHandler::SigIgn,
        };
        let prepare = move || {
            let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
            // SAFETY: no handler function is installed, so none can be called at a bad moment.
            unsafe { sigaction(Signal::SIGINT, &action) }?;
            SigSet::empty().thread_set_mask()?;
            Ok(())
        };
        // SAFETY: between fork and exec it calls only sigaction and pthread_sigmask, which are
        // async-signal-safe (signal-safety(7)), and allocates nothing.
        unsafe { command.pre_exec(prepare) };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {:?}: {error}", command.get_program()));
        let lines = read_lines(child.stdout.take().expect("stdout is a pipe"));
        let errors = read_lines(child.stderr.take().expect("stderr is a pipe"));
        Self { child, lines, errors }
    }

    /// The program's process.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// The next line of its output, without the line end; `None` at the end of the output, or if
    /// none comes within the deadline.
    pub fn next_line(&self) -> Option<String> {
        self.lines.recv_timeout(DEADLINE).ok().map(|line| line.trim_end_matches('\n').to_owned())
    }

    /// Sends it a SIGINT, as a Ctrl-C at a terminal does.
    pub fn interrupt(&self) {
        // The child is not reaped before `finish`, so the number is still its own.
        kill(Pid::from_raw(self.pid()), Signal::SIGINT)
            .expect("the child is there to be signalled");
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        procfs::threads(self.pid()).len()
    }

    /// Waits until all its threads are asleep, or one makes thousands of system calls and still runs.
    /// One that makes none runs into the deadline.
    ///
    /// "At rest" means that none ran between two looks. Something outside may still wake it.
    pub fn settle(&self) -> Settled {
        let deadline = Instant::now() + DEADLINE;
        for look in 1.. {
            let first = procfs::threads(self.pid());
            let at_rest = first.values().all(|status| status.state == 'S');
            if at_rest && procfs::threads(self.pid()) == first {
                return Settled::AtRest;
            }
            let busy = first.iter().filter(|(_, status)| status.state == 'R');
            let spins = |tid: &i32| syscall_count::makes_more_than(SPIN_CALLS, self.pid(), *tid);
            let spinner = busy.map(|(tid, _)| tid).find(|tid| look % LOOKS == 0 && spins(tid));
            if let Some(tid) = spinner {
                return Settled::Spinning(format!("thread {tid}"));
            }
            if Instant::now() > deadline {
                return Settled::Spinning("the program".to_owned());
            }
            thread::yield_now();
        }
        unreachable!("it looks until it knows")
    }

    /// Waits for its end, or kills it at the deadline; with it come the lines that nobody has read
    /// and what it wrote to standard error.
    pub fn finish(mut self) -> (Ending, String, String) {
        let deadline = Instant::now() + DEADLINE;
        let ending = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours to wait for") {
                break Ending::from_status(status);
            }
            if Instant::now() > deadline {
                break Ending::TimedOut;
            }
            // Polling costs at most this much delay; nothing is concluded from the time.
            thread::sleep(Duration::from_millis(1));
        };
        self.end();
        (ending, remaining(&self.lines), remaining(&self.errors))
    }

    /// Kills what is left of the process group and reaps the child.
    fn end(&mut self) {
        // ESRCH is the good case.
        let _ = killpg(Pid::from_raw(self.pid()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Hands over the lines of a pipe as they come, each with its line end if it has one.
fn read_lines(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while let Ok(1..) = pipe.read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if send.send(text).is_err() {
                break;
            }
        }
    });
    lines
}

/// What is left in the pipe of a program that has ended.
fn remaining(lines: &mpsc::Receiver<String>) -> String {
    let deadline = Duration::from_secs(2);
    std::iter::from_fn(|| lines.recv_timeout(deadline).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, interrupts: Interrupts) -> Running {
        Running::start(Command::new("/bin/sh").args(["-c", script]), interrupts)
    }

    #[test]
    fn a_line_comes_while_the_program_runs() {
        let running = shell("echo ready; exec sleep 1000", Interrupts::Default);
        assert_eq!(running.next_line().as_deref(), Some("ready"));
        assert_eq!(running.threads(), 1);
    }

    #[test]
    fn an_interrupt_ends_it() {
        let running = shell("echo ready; exec sleep 1000", Interrupts::Default);
        running.next_line();
        running.interrupt();
        assert_eq!(running.finish().0, Ending::Signalled(Signal::SIGINT));
    }

    #[test]
    fn an_ignored_interrupt_is_inherited() {
        let running = shell("kill -INT $$; echo alive; exit 3", Interrupts::Ignored);
        let (ending, stdout, _) = running.finish();
        assert_eq!((ending, stdout.as_str()), (Ending::Exited(3), "alive\n"));
    }

    #[test]
    fn a_sleeper_is_at_rest_and_a_loop_is_not() {
        let sleeper = shell("exec sleep 1000", Interrupts::Default);
        assert_eq!(sleeper.settle(), Settled::AtRest);
        let looping = shell("while :; do read line; done", Interrupts::Default);
        assert!(matches!(looping.settle(), Settled::Spinning(thread) if thread.contains("thread")));
    }
}
