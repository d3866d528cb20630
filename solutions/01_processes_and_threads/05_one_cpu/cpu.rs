//! Many jobs and one CPU: whose turn it is, and how all the others are made to wait.
//!
//! A signal that has been sent has not arrived yet: a process stops only when it next gets to handle
//! SIGSTOP, or later, if it is in a sleep that no signal interrupts, and it counts as stopped when the last
//! of its threads has. The kernel tells its parent then. So a turn ends with an answer of `waitpid`,
//! and nothing is continued before that.
//!
//! Two things can end a turn: news of the job (SIGCHLD), and its meter. No sleep of Linux ends by
//! both, so the sleep is for the news and as long as the job's slice lasts *at the earliest*: a
//! process of one thread cannot use more CPU time than passes on the clock. Then the meter is read.
//! If the job got less than the CPU, the rest of its slice is the next sleep.

#![allow(unsafe_code)] // for `Command::pre_exec` and sigaction(2)

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction,
};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::policy::{News, Policy};

/// One queue, first come, first served. Every turn has the same slice.
pub struct RoundRobin {
    slice: Duration,
    /// The jobs that are ready; the one that has the turn is not among them.
    ready: VecDeque<usize>,
}

impl RoundRobin {
    /// A policy without jobs, which gives slices of this length.
    pub fn new(slice: Duration) -> Self {
        Self { slice, ready: VecDeque::new() }
    }
}

impl Policy for RoundRobin {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived | News::Expired { .. } => self.ready.push_back(job),
            // It had the turn, so it is in no queue.
            News::Blocked { .. } => {}
            // Perhaps it was waiting for its turn.
            News::Ended => self.ready.retain(|ready| *ready != job),
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        Some((self.ready.pop_front()?, self.slice))
    }
}

/// Two queues, each first come, first served. A new job belongs to the upper one. Once it has used
/// `quick` of CPU time, in one turn or in many, it belongs to the lower one until it ends.
///
/// Its slice is what it has left of `quick`; in the lower queue it is `slow`. No job of the lower
/// queue gets a turn while one of the upper queue is ready.
pub struct Feedback {
    quick: Duration,
    slow: Duration,
    upper: VecDeque<usize>,
    lower: VecDeque<usize>,
    /// What each job that has not ended has left of its quick time. It outlasts a blocking: a job that
    /// gives up the CPU just before its slice is used up does not stay quick for ever.
    left: HashMap<usize, Duration>,
}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        let (upper, lower) = (VecDeque::new(), VecDeque::new());
        Self { quick, slow, upper, lower, left: HashMap::new() }
    }

    fn charge(&mut self, job: usize, used: Duration) {
        if let Some(left) = self.left.get_mut(&job) {
            *left = left.saturating_sub(used);
        }
    }

    fn is_ready(&mut self, job: usize) {
        let left = self.left.entry(job).or_insert(self.quick);
        let queue = if left.is_zero() { &mut self.lower } else { &mut self.upper };
        queue.push_back(job);
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived => self.is_ready(job),
            News::Expired { used } => {
                self.charge(job, used);
                self.is_ready(job);
            }
            News::Blocked { used } => self.charge(job, used),
            News::Ended => {
                self.left.remove(&job);
                self.upper.retain(|ready| *ready != job);
                self.lower.retain(|ready| *ready != job);
            }
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        match self.upper.pop_front() {
            Some(job) => Some((job, self.left[&job])),
            None => Some((self.lower.pop_front()?, self.slow)),
        }
    }
}

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    let mut floor = Floor::open()?;
    for command in jobs {
        floor.start(command)?;
    }
    for job in floor.stopped() {
        policy.note(job, News::Arrived);
    }
    while !floor.is_empty() {
        floor.heed_sigterm()?;
        let (job, slice) = policy.next().ok_or_else(|| invalid("the policy names nobody"))?;
        let news = floor.turn(job, slice)?;
        policy.note(job, news);
        if let News::Blocked { .. } = news {
            policy.note(job, News::Arrived);
        }
    }
    floor.heed_sigterm()?;
    Ok(floor.endings())
}

/// The sleep of somebody who waits for news alone. The kernel refuses times that it cannot count.
const A_LONG_TIME: Duration = Duration::from_secs(3600);

/// All the jobs. When it is dropped, by a return, an error or a panic, those that live are killed and
/// reaped, and only then the caller has its signals back.
struct Floor {
    jobs: Vec<Job>,
    cpu: CpuSet,
    /// Declared last, so dropped last: a SIGTERM that has come meets no job.
    signals: Signals,
}

enum Job {
    Alive(Pid),
    /// Its pid is not kept: from the `waitpid` on that reaped it, it may be another process's.
    Ended(ExitStatus),
}

impl Floor {
    fn open() -> io::Result<Self> {
        // CPU 0 need not be among those that the caller may use (taskset(1), cpuset(7)).
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu) == Ok(true));
        let mut cpu = CpuSet::new();
        cpu.set(first.ok_or_else(|| invalid("no CPU"))?)?;
        Ok(Self { jobs: Vec::new(), cpu, signals: Signals::hold()? })
    }

    /// Starts a job and stops it.
    ///
    /// It cannot stop itself before it execs: `spawn` does not return before the exec has succeeded,
    /// and both would wait for each other.
    fn start(&mut self, mut command: Command) -> io::Result<()> {
        self.heed_sigterm()?;
        let (cpu, mask) = (self.cpu, self.signals.mask);
        let prepare = move || {
            sched_setaffinity(Pid::from_raw(0), &cpu)?;
            Ok(mask.thread_set_mask()?)
        };
        // SAFETY: it makes two system calls, which a child of any program may make before it execs
        // (signal-safety(7)), and allocates nothing.
        unsafe { command.pre_exec(prepare) };
        let pid = Pid::from_raw(command.spawn()?.id().cast_signed());
        self.jobs.push(Job::Alive(pid));
        kill(pid, Signal::SIGSTOP)?;
        let status = self.news_of(pid, || Ok(A_LONG_TIME))?;
        self.ends(self.jobs.len() - 1, status);
        Ok(())
    }

    /// One turn of a job, from SIGCONT to the confirmed stop, or to its end.
    fn turn(&mut self, job: usize, slice: Duration) -> io::Result<News> {
        let Some(&Job::Alive(pid)) = self.jobs.get(job) else {
            return Err(invalid("the policy names a job that is none, or has ended"));
        };
        if slice.is_zero() {
            return Err(invalid("a slice of zero"));
        }
        let meter = ClockId::pid_cpu_clock_id(pid)?;
        let read = || Ok::<_, Errno>(Duration::from(meter.now()?));
        let before = read()?;
        kill(pid, Signal::SIGCONT)?;
        let mut is_expired = false;
        let status = self.news_of(pid, || {
            let left = slice.saturating_sub(read()? - before);
            if left.is_zero() && !is_expired {
                is_expired = true;
                kill(pid, Signal::SIGSTOP)?;
            }
            Ok(if is_expired { A_LONG_TIME } else { left })
        })?;
        if self.ends(job, status) {
            return Ok(News::Ended);
        }
        // It stands still, so this is exact.
        let used = read()? - before;
        Ok(if is_expired { News::Expired { used } } else { News::Blocked { used } })
    }

    /// Sleeps until the job has stopped or ended: its wait status. `look` is called before each sleep, and says
    /// how long that may be.
    ///
    /// SIGTERM ends this, too: a job that is to stop may take its time.
    fn news_of(
        &self,
        pid: Pid,
        mut look: impl FnMut() -> io::Result<Duration>,
    ) -> io::Result<ExitStatus> {
        loop {
            self.heed_sigterm()?;
            // News that come after this wake the sleep.
            self.signals.take_sigchld()?;
            if let Some(status) = wait(pid, libc::WUNTRACED | libc::WNOHANG)? {
                return Ok(status);
            }
            self.signals.sleep(look()?)?;
        }
    }

    /// Whether the job has ended, by its wait status; it is stopped otherwise.
    fn ends(&mut self, job: usize, status: ExitStatus) -> bool {
        let has_ended = status.stopped_signal().is_none();
        if has_ended {
            self.jobs[job] = Job::Ended(status);
        }
        has_ended
    }

    fn heed_sigterm(&self) -> io::Result<()> {
        if self.signals.has_sigterm()? {
            return Err(io::Error::new(ErrorKind::Interrupted, "SIGTERM"));
        }
        Ok(())
    }

    fn alive(&self) -> impl Iterator<Item = (usize, Pid)> {
        self.jobs.iter().enumerate().filter_map(|(number, job)| match job {
            Job::Alive(pid) => Some((number, *pid)),
            Job::Ended(_) => None,
        })
    }

    fn stopped(&self) -> Vec<usize> {
        self.alive().map(|(number, _)| number).collect()
    }

    fn is_empty(&self) -> bool {
        self.alive().next().is_none()
    }

    fn endings(&self) -> Vec<ExitStatus> {
        let ending = |job: &Job| match job {
            Job::Ended(status) => Some(*status),
            Job::Alive(_) => None,
        };
        self.jobs.iter().filter_map(ending).collect()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // SIGKILL reaches a process that is stopped, too (signal(7)).
        for (_, pid) in self.alive() {
            let _ = kill(pid, Signal::SIGKILL);
        }
        for (_, pid) in self.alive() {
            let _ = wait(pid, 0);
        }
    }
}

/// Waits for news of this child alone. `None` if there are none yet (with WNOHANG).
///
/// The status comes as the kernel wrote it: `nix` has no name for a death by a real-time signal.
fn wait(pid: Pid, options: i32) -> io::Result<Option<ExitStatus>> {
    loop {
        let mut status = 0;
        // SAFETY: the status is written to a local variable that outlives the call (waitpid(2)).
        let result = unsafe { libc::waitpid(pid.as_raw(), &mut status, options) };
        match Errno::result(result) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(ExitStatus::from_raw(status))),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// SIGCHLD and SIGTERM, held back from the caller: as descriptors, which can be waited for.
struct Signals {
    sigchld: SignalFd,
    /// Readable while a SIGTERM is pending. It is never read: so the signal stays pending, and does what
    /// it does in the caller when the mask is as it was.
    sigterm: SignalFd,
    mask: SigSet,
    sigchld_before: SigAction,
}

impl Signals {
    fn hold() -> io::Result<Self> {
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let sigchld = SignalFd::with_flags(&Signal::SIGCHLD.into(), flags)?;
        let sigterm = SignalFd::with_flags(&Signal::SIGTERM.into(), flags)?;
        let held = SigSet::from_iter([Signal::SIGCHLD, Signal::SIGTERM]);
        // With SIGCHLD ignored the kernel would keep no status, and with SA_NOCLDSTOP send none for a stop.
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        let mask = held.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        // SAFETY: the default action is no function that could be called at a bad moment.
        let sigchld_before = unsafe { sigaction(Signal::SIGCHLD, &default) }?;
        Ok(Self { sigchld, sigterm, mask, sigchld_before })
    }

    fn has_sigterm(&self) -> io::Result<bool> {
        let mut look = [PollFd::new(self.sigterm.as_fd(), PollFlags::POLLIN)];
        poll(&mut look, Duration::ZERO)?;
        Ok(look[0].any() == Some(true))
    }

    fn take_sigchld(&self) -> io::Result<()> {
        while self.sigchld.read_signal()?.is_some() {}
        Ok(())
    }

    /// Sleeps until one of them comes, or for so long. It may end sooner.
    fn sleep(&self, longest: Duration) -> io::Result<()> {
        let both = [&self.sigchld, &self.sigterm];
        poll(&mut both.map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN)), longest)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // SAFETY: it is what the caller had set, with the flags that it had.
        let _ = unsafe { sigaction(Signal::SIGCHLD, &self.sigchld_before) };
        let _ = self.mask.thread_set_mask();
    }
}

fn poll(descriptors: &mut [PollFd<'_>], longest: Duration) -> io::Result<()> {
    match ppoll(descriptors, Some(longest.min(A_LONG_TIME).into()), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}
