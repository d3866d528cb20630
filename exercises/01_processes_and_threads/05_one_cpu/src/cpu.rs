//! Many jobs and one CPU: whose turn it is, and how all the others are made to wait.
//!
//! Design 1: one sleep for everything, `ppoll` on two signalfds (the one for SIGTERM is never read,
//! so that the signal stays pending); guards undo everything, also when the policy panics.

#![allow(unsafe_code)] // for `Command::pre_exec` and sigaction(2)

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::ptr;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::policy::{News, Policy};

/// One queue, first come, first served. Every turn has the same slice.
pub struct RoundRobin {
    slice: Duration,
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
        self.ready.retain(|other| *other != job);
        match news {
            News::Arrived | News::Expired { .. } => self.ready.push_back(job),
            News::Blocked { .. } | News::Ended => {}
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
    left: BTreeMap<usize, Duration>,
    upper: VecDeque<usize>,
    lower: VecDeque<usize>,
}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        let (left, upper, lower) = Default::default();
        Self { quick, slow, left, upper, lower }
    }

    fn left(&mut self, job: usize) -> &mut Duration {
        self.left.entry(job).or_insert(self.quick)
    }

    fn charge(&mut self, job: usize, used: Duration) {
        let left = self.left(job);
        *left = left.saturating_sub(used);
    }

    fn enqueue(&mut self, job: usize) {
        if self.left(job).is_zero() {
            self.lower.push_back(job);
        } else {
            self.upper.push_back(job);
        }
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        self.upper.retain(|other| *other != job);
        self.lower.retain(|other| *other != job);
        match news {
            News::Arrived => self.enqueue(job),
            News::Expired { used } => {
                self.charge(job, used);
                self.enqueue(job);
            }
            News::Blocked { used } => self.charge(job, used),
            News::Ended => {
                self.left.remove(&job);
            }
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        if let Some(job) = self.upper.pop_front() {
            let left = *self.left(job);
            return Some((job, left));
        }
        Some((self.lower.pop_front()?, self.slow))
    }
}

const SHORTEST_LOOK: Duration = Duration::from_micros(500);
const LONGEST_LOOK: Duration = Duration::from_millis(100);

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    // In case of a panic, the jobs go first, and the mask last.
    let signals = Signals::open()?;
    let mut workshops = Jobs(Vec::new());
    let result = work(&signals, &mut workshops, policy, jobs);
    drop(workshops);
    let Signals { term, child, action, mask } = signals;
    drop((term, child));
    drop(action);
    let terminated = is_pending(Signal::SIGTERM);
    drop(mask);
    if terminated { Err(io::ErrorKind::Interrupted.into()) } else { result }
}

fn work(
    signals: &Signals,
    jobs: &mut Jobs,
    policy: &mut dyn Policy,
    commands: Vec<Command>,
) -> io::Result<Vec<ExitStatus>> {
    let cpu = one_cpu()?;
    for command in commands {
        signals.check()?;
        jobs.0.push(Job::start(command, signals, cpu)?);
        let job = jobs.0.last_mut().expect("just pushed");
        job.send(Signal::SIGSTOP)?;
        while let Seen::Nothing = job.look()? {
            signals.sleep(LONGEST_LOOK)?;
        }
    }
    for (number, job) in jobs.0.iter().enumerate() {
        if job.is_alive() {
            policy.note(number, News::Arrived);
        }
    }
    while jobs.0.iter().any(Job::is_alive) {
        signals.check()?;
        let next = policy.next();
        signals.check()?;
        let Some((number, slice)) = next else {
            return Err(io::Error::other("the policy names nobody"));
        };
        let job = jobs.0.get_mut(number).filter(|job| job.is_alive());
        let Some(job) = job else {
            return Err(io::Error::other("the policy names a job that does not exist"));
        };
        if slice.is_zero() {
            return Err(io::Error::other("the policy gives a slice of zero"));
        }
        turn(signals, job, slice, &mut |news| policy.note(number, news))?;
    }
    Ok(jobs.0.iter().filter_map(|job| job.status).collect())
}

fn turn(
    signals: &Signals,
    job: &mut Job,
    slice: Duration,
    tell: &mut dyn FnMut(News),
) -> io::Result<()> {
    if let Seen::Ended = job.look()? {
        tell(News::Ended);
        return Ok(());
    }
    let start = job.meter()?;
    job.send(Signal::SIGCONT)?;
    let mut stopping = false;
    loop {
        match job.look()? {
            Seen::Ended => {
                tell(News::Ended);
                return Ok(());
            }
            Seen::Stopped => {
                let used = job.meter()?.saturating_sub(start);
                if used >= slice {
                    tell(News::Expired { used });
                } else {
                    tell(News::Blocked { used });
                    tell(News::Arrived);
                }
                return Ok(());
            }
            Seen::Nothing => {}
        }
        let left = slice.saturating_sub(job.meter()?.saturating_sub(start));
        if left.is_zero() && !stopping {
            job.send(Signal::SIGSTOP)?;
            stopping = true;
        }
        let pause = if stopping { LONGEST_LOOK } else { left.clamp(SHORTEST_LOOK, LONGEST_LOOK) };
        signals.sleep(pause)?;
    }
}

fn one_cpu() -> io::Result<CpuSet> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(first.ok_or_else(|| io::Error::other("no CPU"))?)?;
    Ok(one)
}

enum Seen {
    Nothing,
    Stopped,
    Ended,
}

struct Job {
    pid: Pid,
    status: Option<ExitStatus>,
    lost: bool,
    _pipes: Child,
}

impl Job {
    fn start(mut command: Command, signals: &Signals, cpu: CpuSet) -> io::Result<Self> {
        let unblock = signals.mask.added;
        let ignore = signals.action.is_ignored();
        let before_exec = move || {
            sched_setaffinity(Pid::from_raw(0), &cpu)?;
            // SAFETY: no handler is installed. The caller's would not survive exec either.
            unsafe {
                libc::signal(libc::SIGTERM, libc::SIG_DFL);
                if ignore {
                    libc::signal(libc::SIGCHLD, libc::SIG_IGN);
                }
            }
            unblock.thread_unblock()?;
            Ok(())
        };
        // SAFETY: the closure only makes system calls.
        unsafe { command.pre_exec(before_exec) };
        let mut child = command.spawn()?;
        drop(child.stdin.take()); // nobody is going to write
        let pid = Pid::from_raw(child.id().cast_signed());
        Ok(Self { pid, status: None, lost: false, _pipes: child })
    }

    fn is_alive(&self) -> bool {
        self.status.is_none() && !self.lost
    }

    fn send(&self, signal: Signal) -> io::Result<()> {
        Ok(kill(self.pid, signal)?)
    }

    fn look(&mut self) -> io::Result<Seen> {
        self.wait(libc::WNOHANG | libc::WUNTRACED)
    }

    fn wait(&mut self, options: i32) -> io::Result<Seen> {
        let mut status = 0;
        loop {
            // SAFETY: `status` is valid.
            match Errno::result(unsafe { libc::waitpid(self.pid.as_raw(), &raw mut status, options) }) {
                Ok(0) => return Ok(Seen::Nothing),
                Ok(_) if libc::WIFSTOPPED(status) => return Ok(Seen::Stopped),
                Ok(_) => {
                    self.status = Some(ExitStatus::from_raw(status));
                    return Ok(Seen::Ended);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    self.lost = true;
                    return Err(errno.into());
                }
            }
        }
    }

    fn meter(&self) -> io::Result<Duration> {
        Ok(ClockId::pid_cpu_clock_id(self.pid)?.now()?.into())
    }
}

struct Jobs(Vec<Job>);

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in self.0.iter().filter(|job| job.is_alive()) {
            let _ = job.send(Signal::SIGKILL);
        }
        for job in self.0.iter_mut().filter(|job| job.is_alive()) {
            let _ = job.wait(0);
        }
    }
}

fn is_pending(signal: Signal) -> bool {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigpending(2) fills the set.
    unsafe {
        libc::sigpending(set.as_mut_ptr());
        libc::sigismember(set.as_ptr(), signal as i32) == 1
    }
}

struct Signals {
    term: SignalFd,
    child: SignalFd,
    action: ChildAction,
    mask: Mask,
}

impl Signals {
    fn open() -> io::Result<Self> {
        let mask = Mask::block()?;
        let action = ChildAction::set()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let term = SignalFd::with_flags(&SigSet::from(Signal::SIGTERM), flags)?;
        let child = SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), flags)?;
        Ok(Self { term, child, action, mask })
    }

    fn check(&self) -> io::Result<()> {
        if is_pending(Signal::SIGTERM) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn sleep(&self, pause: Duration) -> io::Result<()> {
        let mut fds = [
            PollFd::new(self.term.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.child.as_fd(), PollFlags::POLLIN),
        ];
        match ppoll(&mut fds, Some(TimeSpec::from(pause)), None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        while let Some(_signal) = self.child.read_signal()? {
            self.action.taken.set(true);
        }
        self.check()
    }
}

/// SIGCHLD as `run` needs it. What was taken from the caller is given back in the end.
struct ChildAction {
    old: libc::sigaction,
    taken: Cell<bool>,
}

impl ChildAction {
    fn set() -> io::Result<Self> {
        let taken = Cell::new(is_pending(Signal::SIGCHLD));
        // SAFETY: zero is SIG_DFL, without flags; the pointers are valid.
        unsafe {
            let new: libc::sigaction = std::mem::zeroed();
            let mut old: libc::sigaction = std::mem::zeroed();
            Errno::result(libc::sigaction(libc::SIGCHLD, &raw const new, &raw mut old))?;
            Ok(Self { old, taken })
        }
    }

    fn is_ignored(&self) -> bool {
        self.old.sa_sigaction == libc::SIG_IGN
    }
}

impl Drop for ChildAction {
    fn drop(&mut self) {
        // SAFETY: this is how it was.
        unsafe { libc::sigaction(libc::SIGCHLD, &raw const self.old, ptr::null_mut()) };
        if self.taken.get() {
            let _ = kill(Pid::this(), Signal::SIGCHLD); // blocked until the mask is restored
        }
    }
}

struct Mask {
    caller: SigSet,
    added: SigSet,
}

impl Mask {
    fn block() -> io::Result<Self> {
        let mut added = SigSet::from(Signal::SIGTERM);
        added.add(Signal::SIGCHLD);
        let caller = added.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        for signal in &caller {
            added.remove(signal);
        }
        Ok(Self { caller, added })
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        let _ = self.caller.thread_set_mask();
    }
}
