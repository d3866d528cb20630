//! The slice is a timer on the job's own clock: timer_create(2) takes the CPU-time clock of another
//! process, and the kernel sends a signal when the job has used so much, whatever the clock on the wall
//! says. One sigwaitinfo(2) then waits for all three: that signal, SIGCHLD and SIGTERM. The clerk is never
//! woken for nothing. A timer's signal that is still pending at the end would kill the caller when it is
//! let through: it is taken first.

#![allow(unsafe_code)] // for `Command::pre_exec` and the timers

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
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
        Self { slice, ready: VecDeque::default() }
    }
}

impl Policy for RoundRobin {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived | News::Expired { .. } => self.ready.push_back(job),
            News::Blocked { .. } => {}
            News::Ended => self.ready.retain(|it| *it != job),
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        self.ready.pop_front().map(|job| (job, self.slice))
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
    /// Sorted: the upper queue's entries begin with `false`; then the order in which they came.
    ready: BTreeMap<(bool, u64), usize>,
    ticket: u64,
}

impl Feedback {
    /// A policy without jobs. Neither time is zero.
    pub fn new(quick: Duration, slow: Duration) -> Self {
        Self { quick, slow, left: BTreeMap::new(), ready: BTreeMap::new(), ticket: 0 }
    }
}

impl Policy for Feedback {
    fn note(&mut self, job: usize, news: News) {
        let (used, is_ready) = match news {
            News::Arrived => (Duration::ZERO, true),
            News::Expired { used } => (used, true),
            News::Blocked { used } => (used, false),
            News::Ended => {
                self.left.remove(&job);
                self.ready.retain(|_, it| *it != job);
                return;
            }
        };
        let left = self.left.entry(job).or_insert(self.quick);
        *left = left.saturating_sub(used);
        if is_ready {
            self.ready.insert((left.is_zero(), self.ticket), job);
            self.ticket += 1;
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        let ((is_slow, _), job) = self.ready.pop_first()?;
        Some((job, if is_slow { self.slow } else { self.left[&job] }))
    }
}

/// Runs the jobs on one CPU, one at a time, until all have ended; tells how each ended, in the order
/// of `jobs`. The rules are in the README.
pub fn run(policy: &mut dyn Policy, jobs: Vec<Command>) -> io::Result<Vec<ExitStatus>> {
    let mut run = Run::begin()?;
    for command in jobs {
        run.heed_sigterm()?;
        run.start(command)?;
    }
    for number in 0..run.jobs.len() {
        if matches!(run.jobs[number], Job::Stopped(_)) {
            policy.note(number, News::Arrived);
        }
    }
    while run.jobs.iter().any(|job| matches!(job, Job::Stopped(_))) {
        run.heed_sigterm()?;
        let Some((number, slice)) = policy.next() else {
            return Err(ErrorKind::InvalidData.into());
        };
        let news = run.turn(number, slice)?;
        policy.note(number, news);
        if matches!(news, News::Blocked { .. }) {
            policy.note(number, News::Arrived);
        }
    }
    run.heed_sigterm()?;
    let ending = |job: &Job| if let Job::Ended(it) = job { Some(*it) } else { None };
    Ok(run.jobs.iter().filter_map(ending).collect())
}

#[derive(Clone, Copy)]
enum Job {
    Stopped(Pid),
    Ended(ExitStatus),
}

struct Run {
    jobs: Vec<Job>,
    cpu: CpuSet,
    held: SigSet,
    mask: SigSet,
    sigchld: SigAction,
    has_sigterm: bool,
}

impl Run {
    fn begin() -> io::Result<Self> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let mut cpu = CpuSet::new();
        let mine = |cpu: &usize| allowed.is_set(*cpu) == Ok(true);
        cpu.set((0..CpuSet::count()).rfind(mine).ok_or(ErrorKind::NotFound)?)?;
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // SAFETY: the default action is no function of ours.
        let sigchld = unsafe { sigaction(Signal::SIGCHLD, &default) }?;
        let mut held = SigSet::from_iter([Signal::SIGCHLD, Signal::SIGTERM]).as_ref().to_owned();
        // SAFETY: the set is a local variable (sigsetops(3)).
        unsafe { libc::sigaddset(&mut held, libc::SIGRTMIN()) };
        // SAFETY: it was made by sigemptyset and sigaddset.
        let held = unsafe { SigSet::from_sigset_t_unchecked(held) };
        let mask = held.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)?;
        Ok(Self { jobs: Vec::new(), cpu, held, mask, sigchld, has_sigterm: false })
    }

    fn start(&mut self, mut command: Command) -> io::Result<()> {
        let (cpu, mask) = (self.cpu, self.mask);
        let before_exec = move || {
            sched_setaffinity(Pid::from_raw(0), &cpu)?;
            mask.thread_set_mask()?;
            Ok(())
        };
        // SAFETY: two system calls, which any child may make before it execs (signal-safety(7)).
        unsafe { command.pre_exec(before_exec) };
        let pid = Pid::from_raw(command.spawn()?.id() as i32);
        self.jobs.push(Job::Stopped(pid));
        kill(pid, Signal::SIGSTOP)?;
        let last = self.jobs.len() - 1;
        let status = self.news_of(pid, |_| false)?;
        self.take(last, status);
        Ok(())
    }

    fn take(&mut self, number: usize, status: i32) -> bool {
        if libc::WIFSTOPPED(status) {
            return false;
        }
        self.jobs[number] = Job::Ended(ExitStatus::from_raw(status));
        true
    }

    fn turn(&mut self, number: usize, slice: Duration) -> io::Result<News> {
        let Some(Job::Stopped(pid)) = self.jobs.get(number).copied() else {
            return Err(ErrorKind::InvalidData.into());
        };
        if slice.is_zero() {
            return Err(ErrorKind::InvalidData.into());
        }
        let clock = ClockId::pid_cpu_clock_id(pid)?;
        let began = Duration::from(clock.now()?);
        let timer = Timer::create(clock)?;
        timer.set(slice)?;
        kill(pid, Signal::SIGCONT)?;
        let is_used_up =
            |_: &Self| clock.now().is_ok_and(|now| Duration::from(now) - began >= slice);
        let status = self.news_of(pid, is_used_up)?;
        if self.take(number, status) {
            return Ok(News::Ended);
        }
        let used = Duration::from(clock.now()?) - began;
        Ok(if used >= slice { News::Expired { used } } else { News::Blocked { used } })
    }

    /// Sleeps until the job has stopped or ended, and stops it when its slice is used up.
    fn news_of(&mut self, pid: Pid, is_used_up: impl Fn(&Self) -> bool) -> io::Result<i32> {
        let mut is_asked = false;
        loop {
            let status = wait(pid, libc::WUNTRACED | libc::WNOHANG)?;
            if status != 0 {
                return Ok(status);
            }
            if !is_asked && is_used_up(self) {
                is_asked = true;
                kill(pid, Signal::SIGSTOP)?;
                continue;
            }
            self.sleep(None);
            if self.has_sigterm {
                return Err(ErrorKind::Interrupted.into());
            }
        }
    }

    /// Sleeps until one of the three signals comes, or for so long: its number, or -1. SIGTERM is remembered.
    fn sleep(&mut self, longest: Option<libc::timespec>) -> i32 {
        let longest = longest.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the set and the time live, and no information is asked for (sigtimedwait(2)).
        let signal = unsafe { libc::sigtimedwait(self.held.as_ref(), ptr::null_mut(), longest) };
        self.has_sigterm |= signal == libc::SIGTERM;
        signal
    }

    fn take_all(&mut self) {
        while self.sleep(Some(libc::timespec { tv_sec: 0, tv_nsec: 0 })) > 0 {}
    }

    fn heed_sigterm(&mut self) -> io::Result<()> {
        self.take_all();
        if self.has_sigterm { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        for job in &self.jobs {
            if let Job::Stopped(pid) = job {
                let _ = kill(*pid, Signal::SIGKILL);
                let _ = wait(*pid, 0);
            }
        }
        self.take_all();
        if self.has_sigterm {
            // SAFETY: raise(3) takes an integer. The signal is blocked, so it is pending.
            unsafe { libc::raise(libc::SIGTERM) };
        }
        // SAFETY: it is what the caller had set.
        let _ = unsafe { sigaction(Signal::SIGCHLD, &self.sigchld) };
        let _ = self.mask.thread_set_mask();
    }
}

/// A timer on the clock of a job. It is deleted when it is dropped.
struct Timer(libc::timer_t);

impl Timer {
    fn create(clock: ClockId) -> io::Result<Self> {
        // SAFETY: all of it are numbers and pointers, for which zero is a value.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = libc::SIGRTMIN();
        let mut timer = MaybeUninit::uninit();
        // SAFETY: the event lives, and the timer is written to a local variable (timer_create(2)).
        let result = unsafe { libc::timer_create(clock.as_raw(), &mut event, timer.as_mut_ptr()) };
        Errno::result(result)?;
        // SAFETY: the call has succeeded, so it has written the timer.
        Ok(Self(unsafe { timer.assume_init() }))
    }

    fn set(&self, time: Duration) -> io::Result<()> {
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // More seconds than a job can use; the kernel refuses what it cannot count.
        let tv_sec = time.as_secs().min(1 << 30) as libc::time_t;
        let it_value = libc::timespec { tv_sec, tv_nsec: time.subsec_nanos().into() };
        let setting = libc::itimerspec { it_interval: zero, it_value };
        // SAFETY: the timer is there until it is dropped, and the setting lives (timer_settime(2)).
        Errno::result(unsafe { libc::timer_settime(self.0, 0, &setting, ptr::null_mut()) })?;
        Ok(())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: nobody uses it after this.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// The wait status; 0 with WNOHANG if there is no news. (An exit with 0 has the status 0, too: so that is
/// told as 0x10000, which no status is, and reads as the same.)
fn wait(pid: Pid, options: i32) -> io::Result<i32> {
    loop {
        let mut status = 0;
        // SAFETY: the status is written to a local variable that outlives the call (waitpid(2)).
        let result = unsafe { libc::waitpid(pid.as_raw(), &mut status, options) };
        match Errno::result(result) {
            Ok(0) => return Ok(0),
            Ok(_) => return Ok(if status == 0 { 0x10000 } else { status }),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
