//! Threads whose sleep is a fact.
//!
//! A test that says "`acquire` must block" could start a thread, wait a while and look; it would be
//! wrong on a slow day. The kernel knows: a thread that is asleep and has not been switched to
//! between two looks cannot have run in between. When that holds of *every* thread that could wake
//! another, nothing will happen any more unless the test does something. [`Threads::settle`] waits
//! for that point; [`Thread::join`] reports a deadlock when it is reached too early.
//!
//! This holds for threads that wait for each other only (locks, futexes, condition variables); a
//! thread that waits for a socket, a process or a timer's descriptor looks asleep although something
//! will wake it. Use [`crate::deadline`] for those. A thread that sleeps for a time is told apart,
//! where the kernel lets us look, and is not at rest.
//!
//! That a thread spins is said by its [`crate::steps`]: it looks again and again, so often that a right one
//! has long been through. What makes none of the steps that are counted runs into [`NET`].

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::unistd::{getpid, gettid};

use crate::Lesson;
use crate::proc::{self, Sleep, ThreadStatus, sleep, thread_status};
use crate::steps::{self, Count, Steps};

/// So many operations a thread that should come to rest may make before: looks at an atomic, takes of a
/// mutex. A right lock may spin for a while before it sleeps.
const RESTLESS_OPERATIONS: u64 = 200_000;

/// So many operations a thread that is waited for may make.
const OPERATIONS: u64 = 10_000_000;

/// So many calls of epoll_wait(2), sched_yield(2) and the like a thread may make that should come to rest,
/// or is waited for.
const CALLS: u64 = 20_000;

/// How long a thread may run on without a step that is counted. A net under the test, not a measurement:
/// it is there so that the lesson stands in the message, and not only "timed out".
const NET: Duration = Duration::from_secs(20);

/// So often a thread that should come to rest may sleep by the clock before.
const NAPS: u64 = 50;

/// So often a thread that is waited for may sleep by the clock, while nothing else happens, before it
/// is said to get nowhere. A right one that tries again and again has its turn before.
const NAPS_IN_VAIN: u64 = 500;

thread_local! {
    /// Whether this thread was started by [`Threads::spawn`].
    static IS_MEMBER: Cell<bool> = const { Cell::new(false) };
}

/// The threads that one test starts.
#[derive(Debug, Default)]
pub struct Threads {
    members: Arc<Mutex<Vec<Member>>>,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    tid: i32,
    steps: Arc<Steps>,
}

/// One thread of [`Threads`].
#[derive(Debug)]
pub struct Thread<T> {
    name: String,
    members: Arc<Mutex<Vec<Member>>>,
    handle: JoinHandle<T>,
}

/// What all threads of a test have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Every thread has ended or is asleep, and none can wake another.
    AtRest,
    /// The named thread looks again and again instead of sleeping until it is woken: it keeps a CPU
    /// busy, or sleeps by the clock in between.
    Spinning(String),
}

impl Threads {
    /// No threads yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a thread. Its name stands in the messages.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Thread<T> {
        let (send_self, itself) = mpsc::channel();
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let itself = (gettid().as_raw(), steps::begin());
                send_self.send(itself).expect("the test waits for what this thread is");
                IS_MEMBER.set(true);
                body()
            })
            .expect("the machine lets the test start a thread");
        let (tid, steps) = itself.recv().expect("a thread says what it is first");
        self.members.lock().unwrap().push(Member { name: name.to_owned(), tid, steps });
        Thread { name: name.to_owned(), members: Arc::clone(&self.members), handle }
    }

    /// Waits until every thread has ended or sleeps with nobody left to wake it.
    pub fn settle(&self) -> Settled {
        let since = Looks::begin(&self.members.lock().unwrap());
        loop {
            let members = self.members.lock().unwrap().clone();
            let now = statuses(&members);
            let napping = asleep(&members, &now);
            if napping.as_ref().is_some_and(Vec::is_empty) {
                return Settled::AtRest;
            }
            if let Some(name) = since.restless(&members, &now, &napping.unwrap_or_default()) {
                return Settled::Spinning(name);
            }
            thread::yield_now();
        }
    }
}

impl<T> Thread<T> {
    /// Whether the thread has returned (or panicked).
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Waits for the thread and returns its result; its panic is passed on.
    ///
    /// If it can never end, because it and all threads beside it are asleep, the test fails with
    /// `likely` and `read` as the lesson.
    #[track_caller]
    pub fn join(self, likely: &str, read: &str) -> T {
        // A member that waits for another group's thread looks asleep for good to its own group.
        assert!(!IS_MEMBER.get(), "a test joins its threads from its own thread");
        let (mut naps, began) = (Naps::default(), Instant::now());
        while !self.handle.is_finished() {
            let stuck = look(&self.members.lock().unwrap(), &mut naps);
            // A thread that ended between the two looks is not stuck.
            if self.handle.is_finished() {
                break;
            }
            let seen = match stuck {
                None if began.elapsed() <= NET => {
                    thread::yield_now();
                    continue;
                }
                None => {
                    let running = names_of_living(&self.members.lock().unwrap());
                    format!("{running} still running after {} s", NET.as_secs())
                }
                Some(Stuck::Asleep) => {
                    let asleep = names_of_living(&self.members.lock().unwrap());
                    format!("{asleep} asleep for good: no thread is left that could wake it")
                }
                Some(Stuck::Spinning(name)) => {
                    format!("thread `{name}` spins: it looks again and again and gets nowhere")
                }
                Some(Stuck::Napping(name)) => {
                    format!(
                        "thread `{name}` sleeps by the clock and looks again and again: \
                         {NAPS_IN_VAIN} times, and no other thread did anything"
                    )
                }
            };
            Lesson {
                expected: format!("thread `{}` to finish", self.name),
                seen,
                likely: likely.to_owned(),
                read: read.to_owned(),
            }
            .fail();
        }
        match self.handle.join() {
            Ok(value) => value,
            Err(panic) => panic::resume_unwind(panic),
        }
    }
}

/// What each thread had done when they began to come to rest.
struct Looks {
    statuses: Vec<Option<ThreadStatus>>,
    counts: Vec<Count>,
    began: Instant,
}

impl Looks {
    fn begin(members: &[Member]) -> Self {
        let counts = members.iter().map(|member| member.steps.count()).collect();
        Self { statuses: statuses(members), counts, began: Instant::now() }
    }

    /// The name of a thread that has done too much since then for one that comes to rest.
    fn restless(
        &self,
        members: &[Member],
        now: &[Option<ThreadStatus>],
        napping: &[usize],
    ) -> Option<String> {
        let too_much = |&index: &usize| {
            let count = members[index].steps.count();
            let before = self.counts.get(index).copied().unwrap_or_default();
            count.operations - before.operations > RESTLESS_OPERATIONS
                || count.calls - before.calls > CALLS
                || (napping.contains(&index) && self.sleeps(now, index) > NAPS)
        };
        let busiest = |&index: &usize| now[index].as_ref().map(|status| status.state == 'R');
        let overdue = self.began.elapsed() > NET;
        (0..members.len())
            .find(too_much)
            .or_else(|| (0..members.len()).filter(|_| overdue).max_by_key(busiest))
            .map(|index| members[index].name.clone())
    }

    /// How often a thread has gone to sleep since then.
    fn sleeps(&self, now: &[Option<ThreadStatus>], index: usize) -> u64 {
        let sleeps = |status: Option<&ThreadStatus>| status.map_or(0, |status| status.sleeps);
        let before = self.statuses.get(index).and_then(Option::as_ref);
        sleeps(now[index].as_ref()).saturating_sub(sleeps(before))
    }
}

/// Whether thread `tid` of this process waits for another one while all of them sleep, but for the
/// calling one.
///
/// A thread that sleeps by the clock may wake it later, if it was made for that: a test's own threads
/// are not.
pub fn waits_in_vain(tid: i32) -> bool {
    let pid = getpid().as_raw();
    if sleep(pid, tid) != Some(Sleep::UntilWoken) {
        return false;
    }
    let others = || {
        let mut threads = proc::threads(pid);
        threads.remove(&gettid().as_raw());
        threads
    };
    let first = others();
    let asleep =
        |(tid, status): (&i32, &ThreadStatus)| status.state == 'S' && sleep(pid, *tid).is_some();
    first.contains_key(&tid) && first.iter().all(asleep) && others() == first
}

/// Why a thread that is waited for does not end.
enum Stuck {
    /// All threads are asleep, and none can wake another.
    Asleep,
    /// The named thread looks again and again.
    Spinning(String),
    /// The named thread sleeps by the clock, again and again; the others are asleep.
    Napping(String),
}

/// What threads did that sleep by the clock, since another one did something.
#[derive(Default)]
struct Naps {
    /// The other threads.
    others: Vec<Option<ThreadStatus>>,
    /// How often each had gone to sleep, by its id, at the first look since then.
    since: HashMap<i32, u64>,
}

impl Naps {
    /// All threads are asleep, these by the clock. Returns the one that has been for too often.
    fn look(
        &mut self,
        now: &[Option<ThreadStatus>],
        members: &[Member],
        napping: &[usize],
    ) -> Option<usize> {
        let others = (0..now.len()).filter(|index| !napping.contains(index));
        let others: Vec<_> = others.map(|index| now[index].clone()).collect();
        if others != self.others {
            self.since.clear();
            self.others = others;
        }
        napping.iter().copied().find(|&index| {
            let sleeps = now[index].as_ref().map_or(0, |status| status.sleeps);
            let since = *self.since.entry(members[index].tid).or_insert(sleeps);
            sleeps > since + NAPS_IN_VAIN
        })
    }
}

/// Two looks at all threads; `None` if one of them ran in between, or will.
fn look(members: &[Member], naps: &mut Naps) -> Option<Stuck> {
    let now = statuses(members);
    let spins = |member: &&Member| {
        let count = member.steps.count();
        count.operations > OPERATIONS || count.calls > CALLS
    };
    if let Some(member) = members.iter().find(spins) {
        return Some(Stuck::Spinning(member.name.clone()));
    }
    let napping = asleep(members, &now)?;
    if napping.is_empty() {
        return Some(Stuck::Asleep);
    }
    let in_vain = naps.look(&now, members, &napping)?;
    Some(Stuck::Napping(members[in_vain].name.clone()))
}

/// Which threads sleep by the clock, if all sleep: they did when they were looked at first, and none
/// has run since.
fn asleep(members: &[Member], first: &[Option<ThreadStatus>]) -> Option<Vec<usize>> {
    if first.iter().flatten().any(|status| status.state != 'S') {
        return None;
    }
    let mut by_the_clock = Vec::new();
    for (index, member) in members.iter().enumerate().filter(|(index, _)| first[*index].is_some()) {
        if sleep(getpid().as_raw(), member.tid)? == Sleep::ByTheClock {
            by_the_clock.push(index);
        }
    }
    (statuses(members) == first).then_some(by_the_clock)
}

fn statuses(members: &[Member]) -> Vec<Option<ThreadStatus>> {
    members.iter().map(|member| thread_status(getpid().as_raw(), member.tid)).collect()
}

fn names_of_living(members: &[Member]) -> String {
    let names: Vec<_> = members
        .iter()
        .filter(|member| thread_status(getpid().as_raw(), member.tid).is_some())
        .map(|member| format!("`{}`", member.name))
        .collect();
    match names.as_slice() {
        [name] => format!("thread {name} is"),
        names => format!("threads {} are", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::counted::atomic::{AtomicBool, Ordering};
    use std::sync::Condvar;

    #[test]
    fn a_thread_that_waits_is_at_rest_and_not_finished() {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let threads = Threads::new();
        let waiter = threads.spawn("waiter", {
            let gate = Arc::clone(&gate);
            move || drop(gate.1.wait_while(gate.0.lock().unwrap(), |open| !*open).unwrap())
        });
        assert_eq!(threads.settle(), Settled::AtRest);
        assert!(!waiter.is_finished());
        *gate.0.lock().unwrap() = true;
        gate.1.notify_one();
        waiter.join("-", "-");
    }

    #[test]
    #[should_panic(expected = "thread `stuck` is asleep for good")]
    fn a_join_that_can_never_end_fails_instead() {
        let threads = Threads::new();
        threads.spawn("stuck", thread::park).join("-", "-");
    }

    #[test]
    fn a_nap_before_the_end_is_waited_for() {
        let threads = Threads::new();
        let sleeper = threads.spawn("sleeper", || thread::sleep(Duration::from_millis(20)));
        sleeper.join("-", "-");
        assert_eq!(threads.settle(), Settled::AtRest);
    }

    #[test]
    fn who_sleeps_by_the_clock_and_looks_again_is_not_at_rest() {
        let threads = Threads::new();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = threads.spawn("napper", {
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        assert_eq!(threads.settle(), Settled::Spinning("napper".into()));
        stop.store(true, Ordering::Relaxed);
        thread.join("-", "-");
    }

    #[test]
    fn who_waits_for_one_that_runs_does_not_wait_in_vain() {
        // In a process of its own there would be no other tests; here they may run, and then nobody waits
        // in vain. So this is the half that can be said.
        let threads = Threads::new();
        let stop = Arc::new(AtomicBool::new(false));
        let runner = threads.spawn("runner", {
            let stop = Arc::clone(&stop);
            move || while !stop.load(Ordering::Relaxed) {}
        });
        let waiter = threads.spawn("waiter", thread::park);
        let tid = threads.members.lock().unwrap()[1].tid;
        while sleep(getpid().as_raw(), tid) != Some(Sleep::UntilWoken) {
            thread::yield_now();
        }
        assert!(!waits_in_vain(tid));
        stop.store(true, Ordering::Relaxed);
        runner.join("-", "-");
        waiter.handle.thread().unpark();
        waiter.join("-", "-");
    }

    #[test]
    #[should_panic(expected = "thread `napper` sleeps by the clock and looks again and again")]
    fn a_join_of_one_who_looks_in_vain_fails() {
        let threads = Threads::new();
        threads.spawn("stuck", thread::park);
        let nap = || -> () {
            loop {
                thread::sleep(Duration::from_micros(100));
            }
        };
        threads.spawn("napper", nap).join("-", "-");
    }

    /// A lock that looks again and again at an atomic of `crate::sync`, until it is told to stop.
    fn spinner(threads: &Threads, stop: &Arc<AtomicBool>) -> Thread<()> {
        let stop = Arc::clone(stop);
        threads.spawn("spinner", move || while !stop.load(Ordering::Relaxed) {})
    }

    #[test]
    fn a_thread_that_looks_again_and_again_is_called_a_spinner() {
        let (threads, stop) = (Threads::new(), Arc::default());
        let thread = spinner(&threads, &stop);
        assert_eq!(threads.settle(), Settled::Spinning("spinner".into()));
        stop.store(true, Ordering::Relaxed);
        thread.handle.join().unwrap();
    }

    #[test]
    fn so_is_one_of_many() {
        let (threads, stop) = (Threads::new(), Arc::default());
        let spinners: Vec<_> = (0..64).map(|_| spinner(&threads, &stop)).collect();
        assert_eq!(threads.settle(), Settled::Spinning("spinner".into()));
        stop.store(true, Ordering::Relaxed);
        spinners.into_iter().for_each(|spinner| spinner.handle.join().unwrap());
    }

    #[test]
    #[should_panic(expected = "thread `spinner` spins: it looks again and again")]
    fn a_join_of_one_that_spins_fails() {
        let stop = Arc::default();
        let thread = spinner(&Threads::new(), &stop);
        let joined = panic::catch_unwind(panic::AssertUnwindSafe(|| thread.join("-", "-")));
        stop.store(true, Ordering::Relaxed);
        panic::resume_unwind(joined.expect_err("it spins"));
    }

    #[test]
    fn a_thread_that_works_for_seconds_is_not_called_a_spinner() {
        // Two seconds of CPU time: more than any right thread of a test needs, and no sign of spinning.
        let work = || {
            let own = || cpu_time(getpid().as_raw(), gettid().as_raw());
            let start = own();
            while own() < start + 200 {}
        };
        let threads = Threads::new();
        let worker = threads.spawn("worker", work);
        assert_eq!(threads.settle(), Settled::AtRest);
        worker.join("-", "-");
    }

    /// The clock ticks that a thread has used: fields 14 and 15 of proc_pid_stat(5).
    fn cpu_time(pid: i32, tid: i32) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).unwrap();
        let fields = crate::proc::fields_after_name(&stat).unwrap();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    #[test]
    fn so_is_one_that_does_nothing_but_yield() {
        let threads = Threads::new();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = threads.spawn("yielder", {
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(threads.settle(), Settled::Spinning("yielder".into()));
        stop.store(true, Ordering::Relaxed);
        thread.handle.join().unwrap();
    }

    #[test]
    #[should_panic(expected = "the thread's own words")]
    fn a_panic_is_passed_on() {
        Threads::new().spawn("thrower", || panic!("the thread's own words")).join("-", "-")
    }
}
