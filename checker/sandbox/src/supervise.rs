//! The supervisor: a process that starts one program, watches it, and ends all that it started.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeVal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde::Serialize;

use crate::capture::Collector;
use crate::confine::{Jail, Restrictions, run_confined};
use crate::descendants::{Executable, ended_child, kill_all, strays};
use crate::diagnose::threads_of_descendants;
use crate::inherited::normalise;
use crate::observation::{End, Observation};
use crate::pidfd::pidfd;
use crate::request::Program;
use crate::spawn::spawn;
use crate::{Confinement, Layers};

/// The argument that makes a program with [`supervise_if_asked`] a supervisor.
pub(crate) const ARGUMENT: &str = "__supervise";

/// The argument that makes it find out which layers this host allows.
pub(crate) const LAYERS_ARGUMENT: &str = "__layers";

/// How much is read of one stream before the other things are looked at again.
const READ_AT_ONCE: u64 = 1 << 20;

/// Becomes the supervisor, and never returns, if this process was started as one.
///
/// The first thing in `main` of every program that calls [`crate::run`].
pub fn supervise_if_asked() {
    let asked: fn() -> io::Result<()> = match std::env::args_os().nth(1) {
        Some(argument) if argument == ARGUMENT => supervise,
        Some(argument) if argument == LAYERS_ARGUMENT => say_layers,
        _ => return,
    };
    let code = match normalise().and_then(|()| asked()) {
        Ok(()) => 0,
        // The checker is gone: there is nobody to tell, and the words would come after the shell's prompt.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 1,
        Err(error) => {
            eprintln!("supervisor: {error}");
            1
        }
    };
    std::process::exit(code);
}

fn supervise() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)?;
    // Whatever can be sent to this process and be blocked is blocked: it ends when its work is done
    // or when the checker is gone.
    SigSet::all().thread_block()?;
    // When the machine runs out of memory, the kernel ends what a run has taken it with before the
    // checker (proc_pid_oom_score_adj(5)). Where that cannot be had, the kernel chooses as ever.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let program: Program = serde_json::from_str(&line)?;
    let Some(confinement) = &program.confinement else {
        return run_and_report(&program, None, Layers::unconfined());
    };
    let run =
        |jail: &Jail| run_and_report(&program, Some(jail.restrictions()?), jail.layers.clone());
    match run_confined(confinement, program.limits.wall, run) {
        Err(error) => say(&Reply::Err(error.to_string())),
        Ok(()) => Ok(()),
    }
}

fn run_and_report(
    program: &Program,
    restrictions: Option<Restrictions>,
    layers: Layers,
) -> io::Result<()> {
    let before = Usage::from_children()?;
    let reply: Reply = match spawn(program, restrictions) {
        Ok(child) => Ok(watch(child, program, layers, before)?),
        Err(error) => Err(error.to_string()),
    };
    say(&reply)
}

/// Goes as far as a run does, and says which layers have held.
fn say_layers() -> io::Result<()> {
    SigSet::all().thread_block()?;
    let nothing = Confinement::default();
    run_confined(&nothing, Duration::ZERO, |jail| {
        jail.restrictions()?;
        say(&jail.layers)
    })
}

fn say(what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    io::stdout().write_all(&line)
}

/// What the children of this process that have been waited for have used, with their children.
struct Usage {
    cpu: Duration,
    peak_memory: u64,
}

impl Usage {
    fn from_children() -> io::Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let time = |time: TimeVal| {
            Duration::new(time.tv_sec() as u64, 0) + Duration::from_micros(time.tv_usec() as u64)
        };
        let cpu = time(usage.user_time()) + time(usage.system_time());
        // In kilobytes: getrusage(2).
        Ok(Self { cpu, peak_memory: usage.max_rss() as u64 * 1024 })
    }
}

/// What the supervisor says: an observation, or why the program could not be started.
pub(crate) type Reply = Result<Observation, String>;

fn watch(
    mut child: Child,
    program: &Program,
    layers: Layers,
    before: Usage,
) -> io::Result<Observation> {
    let started = Instant::now();
    let mut watched = Watched::new(&mut child, program)?;
    let why = watched.until_end(started + program.limits.wall, program.limits.total_output)?;
    let end = match why {
        Why::Ended => None,
        Why::Deadline => Some(End::TimedOut(threads_of_descendants())),
        Why::Flood => Some(End::Flooded),
        Why::CheckerGone => Some(End::Stopped),
    };
    let duration = started.elapsed();
    // Of a program that was cut off, what it had started is no fault of its own.
    let left = match end {
        None => strays(Pid::from_raw(child.id() as i32), Executable::from_path(&program.path)),
        Some(_) => Vec::new(),
    };
    // ESRCH: the group is empty, as it should be.
    let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
    let status = child.wait()?;
    if !kill_all() {
        return Err(io::Error::other("a process that was sent SIGKILL does not end"));
    }
    // Nobody writes any more: what is in the pipes now is all.
    let (stdout, stderr) = watched.finish();
    let usage = Usage::from_children()?;
    Ok(Observation {
        end: end.unwrap_or(ended(status)),
        stdout,
        stderr,
        strays: left,
        duration,
        cpu: usage.cpu.saturating_sub(before.cpu),
        peak_memory: usage.peak_memory,
        layers,
    })
}

fn ended(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => {
            End::Signalled { signal: signal.unwrap_or(0), core: status.core_dumped() }
        }
    }
}

/// Why watching ended.
enum Why {
    Ended,
    Deadline,
    Flood,
    CheckerGone,
}

/// A running program: its end and its two streams.
struct Watched {
    program: Pid,
    pidfd: OwnedFd,
    /// Readable when a child of this process has ended: the program, or an orphan of its.
    child_ended: SignalFd,
    stdout: Collector<ChildStdout>,
    stderr: Collector<ChildStderr>,
}

impl Watched {
    fn new(child: &mut Child, program: &Program) -> io::Result<Self> {
        let kept = program.limits.kept_output;
        let copy = program.copy_of_stderr.as_ref().map(File::create).transpose()?;
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        do_not_block(&stdout)?;
        do_not_block(&stderr)?;
        Ok(Self {
            program: Pid::from_raw(child.id() as i32),
            pidfd: pidfd(Pid::from_raw(child.id() as i32))?,
            child_ended: SignalFd::with_flags(
                &SigSet::from(Signal::SIGCHLD),
                SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
            )?,
            stdout: Collector::new(stdout, kept),
            stderr: Collector::new(stderr, kept).copied_to(copy),
        })
    }

    fn until_end(&mut self, deadline: Instant, total_output: u64) -> io::Result<Why> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.wait_for_something(left)? {
                Ready { ended: true, .. } => return Ok(Why::Ended),
                Ready { checker_gone: true, .. } => return Ok(Why::CheckerGone),
                // Looked at last: a program that has ended did not hang, whenever that is noticed.
                Ready { .. } if left.is_zero() => return Ok(Why::Deadline),
                Ready { orphan_ended: true, .. } => self.bury_orphans()?,
                Ready { .. } => {}
            }
            self.stdout.drain(READ_AT_ONCE);
            self.stderr.drain(READ_AT_ONCE);
            if self.stdout.bytes + self.stderr.bytes > total_output {
                return Ok(Why::Flood);
            }
        }
    }

    fn wait_for_something(&self, longest: Duration) -> io::Result<Ready> {
        let lifeline = io::stdin();
        let mut polled = vec![
            PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN),
            PollFd::new(lifeline.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.child_ended.as_fd(), PollFlags::POLLIN),
        ];
        polled.extend(self.stdout.stream().map(|s| PollFd::new(s.as_fd(), PollFlags::POLLIN)));
        polled.extend(self.stderr.stream().map(|s| PollFd::new(s.as_fd(), PollFlags::POLLIN)));
        // Rounded up: a wait of zero would spin through the last millisecond.
        let timeout =
            PollTimeout::try_from(longest + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        poll(&mut polled, timeout)?;
        let ready = |index: usize| polled[index].any().unwrap_or(false);
        Ok(Ready { ended: ready(0), checker_gone: ready(1), orphan_ended: ready(2) })
    }

    /// Waits for orphans that have ended, as init would: while the program runs, they are no fault.
    fn bury_orphans(&self) -> io::Result<()> {
        while self.child_ended.read_signal()?.is_some() {}
        while let Some(ended) = ended_child()? {
            // The program itself: its end is told by the pidfd, and its status is still wanted.
            if ended == self.program {
                return Ok(());
            }
            match waitpid(ended, None) {
                // EINVAL: a real-time signal has ended it, for which nix has no name. It is collected.
                Ok(_) | Err(Errno::EINVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> (crate::Capture, crate::Capture) {
        self.stdout.drain(u64::MAX);
        self.stderr.drain(u64::MAX);
        (self.stdout.finish(), self.stderr.finish())
    }
}

struct Ready {
    ended: bool,
    checker_gone: bool,
    orphan_ended: bool,
}

fn do_not_block(stream: &impl AsFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(stream, FcntlArg::F_GETFL)?);
    fcntl(stream, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
