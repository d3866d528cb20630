//! A thread for each turn waits for the job's news, in an ordinary waitpid that sleeps as long as it
//! takes; the clerk waits for the thread, with a limit of time, and reads the meter when it has passed.
//! So news and time come together in a channel, and no signal has to be waited for. SIGTERM is
//! blocked and stays pending; the clerk looks for it every ten milliseconds.
//!
//! The thread only looks (WNOWAIT). If it reaped the job, the number could be another process's while
//! the clerk still sends it signals.

#![allow(unsafe_code)] // for `Command::pre_exec`

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::policy::{News, Policy};

/// The longest sleep between two looks for a SIGTERM.
const LOOK: Duration = Duration::from_millis(10);

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
    let mask = Mask(SigSet::from(Signal::SIGTERM).thread_swap_mask(SigmaskHow::SIG_BLOCK)?);
    let cpu = some_cpu()?;
    // Dropped before the mask.
    let mut crew = Crew { alive: VecDeque::new(), endings: Vec::new() };
    for (number, mut command) in jobs.into_iter().enumerate() {
        heed_sigterm()?;
        let before = mask.0;
        let prepare = move || {
            before.thread_set_mask()?;
            Ok(sched_setaffinity(Pid::from_raw(0), &cpu)?)
        };
        // SAFETY: two system calls, which any child may make before it execs (signal-safety(7)).
        unsafe { command.pre_exec(prepare) };
        let pid = Pid::from_raw(command.spawn()?.id() as i32);
        crew.alive.push_back((number, pid));
        // A turn without any time.
        let (status, _) = turn(pid, Duration::ZERO, None)?;
        crew.take(number, status);
    }
    for (number, _) in &crew.alive {
        policy.note(*number, News::Arrived);
    }
    while !crew.alive.is_empty() {
        heed_sigterm()?;
        let (number, slice) = policy.next().ok_or(ErrorKind::InvalidInput)?;
        let job = crew.alive.iter().find(|(it, _)| *it == number);
        let pid = job.filter(|_| !slice.is_zero()).ok_or(ErrorKind::InvalidInput)?.1;
        let (status, used) = turn(pid, slice, Some(Signal::SIGCONT))?;
        if crew.take(number, status) {
            policy.note(number, News::Ended);
        } else if used >= slice {
            policy.note(number, News::Expired { used });
        } else {
            policy.note(number, News::Blocked { used });
            policy.note(number, News::Arrived);
        }
    }
    heed_sigterm()?;
    crew.endings.sort_by_key(|(number, _)| *number);
    Ok(crew.endings.iter().map(|(_, ending)| *ending).collect())
}

/// One turn: the status that ended it, and what the job has used.
fn turn(pid: Pid, slice: Duration, begin: Option<Signal>) -> io::Result<(ExitStatus, Duration)> {
    let clock = ClockId::pid_cpu_clock_id(pid)?;
    let began = Duration::from(clock.now()?);
    let used = || Ok::<_, io::Error>(Duration::from(clock.now()?) - began);
    let (tell, news) = mpsc::channel();
    thread::scope(|scope| {
        let waiter = move || {
            let _ = tell.send(look(pid));
        };
        thread::Builder::new().spawn_scoped(scope, waiter)?;
        let result = (|| {
            kill(pid, begin)?;
            let mut is_asked_to_stop = false;
            loop {
                let left = slice.saturating_sub(used()?);
                if left.is_zero() && !is_asked_to_stop {
                    is_asked_to_stop = true;
                    kill(pid, Signal::SIGSTOP)?;
                }
                let longest = if is_asked_to_stop { LOOK } else { left.min(LOOK) };
                match news.recv_timeout(longest) {
                    Ok(news) => return news,
                    Err(RecvTimeoutError::Timeout) => heed_sigterm()?,
                    Err(RecvTimeoutError::Disconnected) => return Err(ErrorKind::Other.into()),
                }
            }
        })();
        if result.is_err() {
            // The thread has to come back.
            let _ = kill(pid, Signal::SIGKILL);
        }
        result
    })?;
    let used = used()?;
    Ok((wait(pid)?, used))
}

/// Sleeps until this child has stopped or ended, and leaves it as it is.
fn look(pid: Pid) -> io::Result<()> {
    let what = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::Pid(pid), what) {
            Err(Errno::EINTR) => {}
            // A real-time signal has ended it: `nix` has no name for that.
            Err(Errno::EINVAL) => return Ok(()),
            other => return Ok(other.map(drop)?),
        }
    }
}

/// The jobs that live, and how the others have ended.
struct Crew {
    alive: VecDeque<(usize, Pid)>,
    endings: Vec<(usize, ExitStatus)>,
}

impl Crew {
    fn take(&mut self, number: usize, status: ExitStatus) -> bool {
        let has_ended = status.stopped_signal().is_none();
        if has_ended {
            self.alive.retain(|(it, _)| *it != number);
            self.endings.push((number, status));
        }
        has_ended
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for (_, pid) in &self.alive {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        for (_, pid) in &self.alive {
            while wait(*pid).is_ok_and(|status| status.stopped_signal().is_some()) {}
        }
    }
}

struct Mask(SigSet);

impl Drop for Mask {
    fn drop(&mut self) {
        let _ = self.0.thread_set_mask();
    }
}

fn some_cpu() -> io::Result<CpuSet> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut cpu = CpuSet::new();
    for number in 0..CpuSet::count() {
        if allowed.is_set(number)? {
            cpu.set(number)?;
            return Ok(cpu);
        }
    }
    Err(ErrorKind::NotFound.into())
}

fn has_sigterm() -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the set is written to a local variable (sigpending(2)).
    unsafe { libc::sigpending(pending.as_mut_ptr()) };
    // SAFETY: sigpending fails for no other reason than a bad pointer, so the set is there.
    unsafe { libc::sigismember(pending.as_ptr(), libc::SIGTERM) == 1 }
}

fn heed_sigterm() -> io::Result<()> {
    if has_sigterm() { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
}

/// Sleeps until this child has stopped or ended.
fn wait(pid: Pid) -> io::Result<ExitStatus> {
    loop {
        let mut status = 0;
        // SAFETY: the status is written to a local variable that outlives the call (waitpid(2)).
        let result = unsafe { libc::waitpid(pid.as_raw(), &mut status, libc::WUNTRACED) };
        match Errno::result(result) {
            Ok(_) => return Ok(ExitStatus::from_raw(status)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
