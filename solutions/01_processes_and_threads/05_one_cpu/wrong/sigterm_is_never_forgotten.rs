//! Misconception: SIGTERM is the end of the process: who has seen it once need not forget it.
//! Kind: next use
//! Caught by: sigterm_is_handled_once_by_the_caller_and_run_fails::case_1_while_a_job_runs
//! Message: outlives the call

//! Many jobs and one CPU: whose turn it is, and how all the others are made to wait.

#![allow(unsafe_code)] // for `Command::pre_exec` and sigaction(2)

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SigSet, Signal, raise};
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
        Self {
            slice,
            ready: VecDeque::new(),
        }
    }
}

impl Policy for RoundRobin {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived | News::Expired { .. } => self.ready.push_back(job),
            News::Blocked { .. } => {}
            News::Ended => self.ready.retain(|other| *other != job),
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
    /// What each job has left of its quick time.
    left: HashMap<usize, Duration>,
}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        let (upper, lower) = (VecDeque::new(), VecDeque::new());
        Self {
            quick,
            slow,
            upper,
            lower,
            left: HashMap::new(),
        }
    }

    fn enqueue(&mut self, job: usize) {
        let left = *self.left.entry(job).or_insert(self.quick);
        if left.is_zero() {
            self.lower.push_back(job)
        } else {
            self.upper.push_back(job)
        }
    }

    fn charge(&mut self, job: usize, used: Duration) {
        let left = self.left.entry(job).or_insert(self.quick);
        *left = left.saturating_sub(used);
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived => self.enqueue(job),
            News::Expired { used } => {
                self.charge(job, used);
                self.enqueue(job);
            }
            News::Blocked { used } => self.charge(job, used),
            News::Ended => {
                self.upper.retain(|other| *other != job);
                self.lower.retain(|other| *other != job);
                self.left.remove(&job);
            }
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        if let Some(job) = self.upper.pop_front() {
            return Some((job, self.left[&job]));
        }
        Some((self.lower.pop_front()?, self.slow))
    }
}

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut clerk = Clerk::new()?;
    let endings = clerk.work(policy, jobs);
    let at_the_end = clerk.nap(Duration::ZERO);
    drop(clerk);
    at_the_end.and(endings)
}

/// How often the clerk looks.
const TICK: Duration = Duration::from_millis(1);
const SHORTEST: Duration = Duration::from_micros(50);

/// Whether SIGTERM has come.
static HAS_SIGTERM: AtomicBool = AtomicBool::new(false);

struct Job {
    pid: libc::pid_t,
    ending: Option<ExitStatus>,
    is_lost: bool,
}

/// With it go the jobs.
struct Clerk {
    mask: SigSet,
    cpu: CpuSet,
    jobs: Vec<Job>,
}

impl Clerk {
    fn new() -> io::Result<Self> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu) == Ok(true));
        let mut cpu = CpuSet::new();
        cpu.set(first.ok_or_else(|| io::Error::other("no CPU is allowed"))?)?;
        let mask = SigSet::thread_get_mask()?;
        SigSet::from(Signal::SIGTERM).thread_block()?;
        Ok(Self {
            mask,
            cpu,
            jobs: Vec::new(),
        })
    }

    fn work(
        &mut self,
        policy: &mut dyn Policy,
        commands: Vec<Command>,
    ) -> io::Result<Vec<ExitStatus>> {
        for command in commands {
            self.start(command)?;
        }
        for job in (0..self.jobs.len()).filter(|job| self.jobs[*job].ending.is_none()) {
            policy.note(job, News::Arrived);
        }
        while self.jobs.iter().any(|job| job.ending.is_none()) {
            self.nap(Duration::ZERO)?;
            let named = policy
                .next()
                .ok_or_else(|| io::Error::other("nobody is named"))?;
            let (job, slice) = named;
            if self.jobs.get(job).is_none_or(|job| job.ending.is_some()) || slice.is_zero() {
                return Err(io::Error::other("no such job, or no time for it"));
            }
            let news = self.turn(job, slice)?;
            policy.note(job, news);
            if matches!(news, News::Blocked { .. }) {
                policy.note(job, News::Arrived);
            }
        }
        Ok(self.jobs.iter().filter_map(|job| job.ending).collect())
    }

    fn start(&mut self, mut command: Command) -> io::Result<()> {
        self.nap(Duration::ZERO)?;
        let (cpu, mask) = (self.cpu, self.mask);
        let in_the_child = move || -> io::Result<()> {
            sched_setaffinity(Pid::from_raw(0), &cpu)?;
            mask.thread_set_mask()?;
            Ok(())
        };
        // SAFETY: two system calls, which may be made between fork and exec.
        unsafe { command.pre_exec(in_the_child) };
        let pid = command.spawn()?.id() as libc::pid_t;
        self.jobs.push(Job {
            pid,
            ending: None,
            is_lost: false,
        });
        self.stop(self.jobs.len() - 1)?;
        Ok(())
    }

    /// Gives a turn, until it is over.
    fn turn(&mut self, job: usize, slice: Duration) -> io::Result<News> {
        if self.look(job)? == Some(State::Ended) {
            return Ok(News::Ended);
        }
        let before = self.meter(job);
        self.send(job, libc::SIGCONT);
        loop {
            let state = self.look(job)?;
            let used = self.meter(job).saturating_sub(before);
            match state {
                Some(State::Ended) => return Ok(News::Ended),
                Some(State::Stopped) if used < slice => return Ok(News::Blocked { used }),
                Some(State::Stopped) => return Ok(News::Expired { used }),
                None if used >= slice => {
                    if self.stop(job)? == State::Ended {
                        return Ok(News::Ended);
                    }
                    return Ok(News::Expired {
                        used: self.meter(job).saturating_sub(before),
                    });
                }
                None => self.nap((slice - used).clamp(SHORTEST, TICK))?,
            }
        }
    }

    fn stop(&mut self, job: usize) -> io::Result<State> {
        self.send(job, libc::SIGSTOP);
        loop {
            if let Some(state) = self.look(job)? {
                return Ok(state);
            }
            self.nap(SHORTEST)?;
        }
    }

    fn send(&self, job: usize, signal: i32) {
        // SAFETY: kill(2) takes two integers; the child has not been reaped.
        unsafe { libc::kill(self.jobs[job].pid, signal) };
    }

    fn meter(&self, job: usize) -> Duration {
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(self.jobs[job].pid));
        clock
            .and_then(ClockId::now)
            .map(Duration::from)
            .unwrap_or_default()
    }

    /// The news of a job since the last look.
    fn look(&mut self, job: usize) -> io::Result<Option<State>> {
        let job = &mut self.jobs[job];
        match wait(job.pid, libc::WNOHANG | libc::WUNTRACED) {
            Ok(None) => Ok(None),
            Ok(Some(status)) if libc::WIFSTOPPED(status) => Ok(Some(State::Stopped)),
            Ok(Some(status)) => {
                job.ending = Some(ExitStatus::from_raw(status));
                Ok(Some(State::Ended))
            }
            Err(error) => {
                job.is_lost = true;
                Err(error)
            }
        }
    }

    /// Sleeps so long, or until there is SIGTERM: that is the error.
    fn nap(&mut self, at_most: Duration) -> io::Result<()> {
        let sigterm = SigSet::from(Signal::SIGTERM);
        let timeout = libc::timespec {
            tv_sec: 0,
            tv_nsec: at_most.subsec_nanos().into(),
        };
        // SAFETY: the set and the time are only read, and live until it returns.
        let signal = unsafe { libc::sigtimedwait(sigterm.as_ref(), ptr::null_mut(), &timeout) };
        if signal == libc::SIGTERM {
            HAS_SIGTERM.store(true, Ordering::Relaxed);
        }
        if !HAS_SIGTERM.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(ErrorKind::Interrupted.into())
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        for job in self
            .jobs
            .iter()
            .filter(|job| job.ending.is_none() && !job.is_lost)
        {
            if wait(job.pid, libc::WNOHANG).is_ok_and(|status| status.is_none()) {
                // SAFETY: kill(2) takes two integers; the child has not been reaped.
                unsafe { libc::kill(job.pid, libc::SIGKILL) };
                _ = wait(job.pid, 0);
            }
        }
        if HAS_SIGTERM.load(Ordering::Relaxed) {
            _ = raise(Signal::SIGTERM);
        }
        _ = self.mask.thread_set_mask();
    }
}

#[derive(PartialEq)]
enum State {
    Stopped,
    Ended,
}

fn wait(pid: libc::pid_t, flags: i32) -> io::Result<Option<i32>> {
    let mut status = 0;
    loop {
        // SAFETY: the status is written to a local variable.
        match unsafe { libc::waitpid(pid, &mut status, flags) } {
            0 => return Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => return Ok(Some(status)),
        }
    }
}
