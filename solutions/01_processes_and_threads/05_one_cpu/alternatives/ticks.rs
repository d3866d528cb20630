//! Looks every millisecond: at the news of the job and at its meter. The sleep between the looks is one
//! of sigtimedwait(2), for SIGTERM alone, which is not lost by that: it is raised again at the end. The
//! simplest clerk: nothing has to wake it but the clock, as a CPU's own timer interrupt does. The caller
//! binds itself to the CPU, and the jobs inherit that; a guard sets it free again.

#![allow(unsafe_code)] // for `Command::pre_exec`

use std::io::{self, ErrorKind};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::policy::{News, Policy};

const TICK: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// One queue, first come, first served. Every turn has the same slice.
pub struct RoundRobin {
    slice: Duration,
    ready: Vec<usize>,
}

impl RoundRobin {
    /// A policy without jobs, which gives slices of this length.
    pub fn new(slice: Duration) -> Self {
        Self { slice, ready: Vec::new() }
    }
}

impl Policy for RoundRobin {
    fn note(&mut self, job: usize, news: News) {
        self.ready.retain(|it| *it != job);
        if let News::Arrived | News::Expired { .. } = news {
            self.ready.push(job);
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        let first = (!self.ready.is_empty()).then(|| self.ready.remove(0))?;
        Some((first, self.slice))
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
    /// All jobs that have not ended, those that are ready in the order in which they became so.
    jobs: Vec<Known>,
}

/// A job, what it has used, and whether it is ready.
struct Known {
    job: usize,
    used: Duration,
    is_ready: bool,
}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        Self { quick, slow, jobs: Vec::new() }
    }

    fn take(&mut self, job: usize) -> Option<Known> {
        let index = self.jobs.iter().position(|known| known.job == job)?;
        Some(self.jobs.remove(index))
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        let before = self.take(job).map_or(Duration::ZERO, |known| known.used);
        let (more, is_ready) = match news {
            News::Arrived => (Duration::ZERO, true),
            News::Expired { used } => (used, true),
            News::Blocked { used } => (used, false),
            News::Ended => return,
        };
        self.jobs.push(Known { job, used: before.saturating_add(more), is_ready });
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        let quick = self.quick;
        let mut ready = self.jobs.iter_mut().filter(|known| known.is_ready);
        let upper = ready.find(|known| known.used < quick);
        let next = match upper {
            Some(known) => known,
            None => self.jobs.iter_mut().find(|known| known.is_ready)?,
        };
        next.is_ready = false;
        let left = quick.saturating_sub(next.used);
        Some((next.job, if left.is_zero() { self.slow } else { left }))
    }
}

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut caller = Caller::bind()?;
    let mut jobs = jobs.into_iter();
    let mut crew = Crew(Vec::new());
    let result = (|| {
        for mut command in jobs.by_ref() {
            let mask = caller.mask;
            // SAFETY: sigprocmask may be called between fork and exec (signal-safety(7)).
            unsafe { command.pre_exec(move || Ok(mask.thread_set_mask()?)) };
            let pid = Pid::from_raw(command.spawn()?.id() as i32);
            crew.0.push((pid, None));
            kill(pid, Signal::SIGSTOP)?;
            let status = loop {
                caller.tick(&TICK)?;
                if let Some(status) = wait(pid, libc::WUNTRACED | libc::WNOHANG)? {
                    break status;
                }
            };
            crew.0.last_mut().expect("it was pushed").1 = ended(Some(status));
            caller.tick(&libc::timespec { tv_sec: 0, tv_nsec: 0 })?;
        }
        for (number, _) in crew.0.iter().enumerate().filter(|(_, (_, ending))| ending.is_none()) {
            policy.note(number, News::Arrived);
        }
        while crew.0.iter().any(|(_, ending)| ending.is_none()) {
            caller.tick(&libc::timespec { tv_sec: 0, tv_nsec: 0 })?;
            turn(policy, &mut crew, &mut caller)?;
        }
        caller.tick(&libc::timespec { tv_sec: 0, tv_nsec: 0 })?;
        Ok(crew.0.iter().filter_map(|(_, ending)| *ending).collect())
    })();
    drop(crew);
    result
}

fn turn(policy: &mut dyn Policy, crew: &mut Crew, caller: &mut Caller) -> io::Result<()> {
    let wrong = || io::Error::from(ErrorKind::InvalidInput);
    let (number, slice) = policy.next().ok_or_else(wrong)?;
    let Some((pid, ending @ None)) = crew.0.get_mut(number) else { return Err(wrong()) };
    if slice == Duration::ZERO {
        return Err(wrong());
    }
    let clock = ClockId::pid_cpu_clock_id(*pid)?;
    let began = Duration::from(clock.now()?);
    kill(*pid, Signal::SIGCONT)?;
    let mut is_expired = false;
    let status = loop {
        if let Some(status) = wait(*pid, libc::WUNTRACED | libc::WNOHANG)? {
            break Some(status);
        }
        if !is_expired && Duration::from(clock.now()?) - began >= slice {
            is_expired = true;
            kill(*pid, Signal::SIGSTOP)?;
        }
        caller.tick(&TICK)?;
    };
    *ending = ended(status);
    if ending.is_some() {
        policy.note(number, News::Ended);
        return Ok(());
    }
    let used = Duration::from(clock.now()?) - began;
    if is_expired {
        policy.note(number, News::Expired { used });
    } else {
        policy.note(number, News::Blocked { used });
        policy.note(number, News::Arrived);
    }
    Ok(())
}

/// The jobs, and how each has ended.
struct Crew(Vec<(Pid, Option<ExitStatus>)>);

impl Drop for Crew {
    fn drop(&mut self) {
        for (pid, _) in self.0.iter().filter(|(_, ending)| ending.is_none()) {
            let _ = kill(*pid, Signal::SIGKILL);
            let _ = wait(*pid, 0);
        }
    }
}

/// What the caller had.
struct Caller {
    cpus: CpuSet,
    mask: SigSet,
    has_sigterm: bool,
}

impl Caller {
    fn bind() -> io::Result<Self> {
        let this = Pid::from_raw(0);
        let cpus = sched_getaffinity(this)?;
        let first = (0..CpuSet::count()).find(|cpu| cpus.is_set(*cpu).unwrap_or(false));
        let mut one = CpuSet::new();
        one.set(first.ok_or(ErrorKind::NotFound)?)?;
        sched_setaffinity(this, &one)?;
        let mask = SigSet::from(Signal::SIGTERM).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { cpus, mask, has_sigterm: false })
    }

    /// Sleeps for so long, or until SIGTERM has come, which is an error.
    fn tick(&mut self, longest: &libc::timespec) -> io::Result<()> {
        let sigterm = SigSet::from(Signal::SIGTERM);
        // SAFETY: the set and the time live, and no information is asked for (sigtimedwait(2)).
        let signal = unsafe { libc::sigtimedwait(sigterm.as_ref(), ptr::null_mut(), longest) };
        self.has_sigterm |= signal == libc::SIGTERM;
        if self.has_sigterm { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = sched_setaffinity(Pid::from_raw(0), &self.cpus);
        if self.has_sigterm {
            // Still blocked, so it is pending until the mask is set.
            let _ = raise(Signal::SIGTERM);
        }
        let _ = self.mask.thread_set_mask();
    }
}

fn ended(status: Option<ExitStatus>) -> Option<ExitStatus> {
    status.filter(|status| status.code().is_some() || status.signal().is_some())
}

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
