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

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use nix::unistd::{getpid, gettid};

use crate::Lesson;
use crate::proc::{self, Sleep, ThreadStatus, sleep, thread_status};

/// CPU time, in clock ticks, after which a thread that is waited for is said to spin: 1 s.
const SPIN_TICKS: u64 = 100;

/// CPU time, in clock ticks, after which a thread that should come to rest is said to spin: 0.25 s. Of
/// all that should, it may be twice that.
const RESTLESS_TICKS: u64 = 25;

/// Context switches after which a thread that should come to rest is said to spin. On a busy machine
/// one that yields gets little CPU time, but many turns.
const RESTLESS_SWITCHES: u64 = 1000;

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
        let (send_tid, tid) = mpsc::channel();
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                send_tid.send(gettid().as_raw()).expect("the test waits for this thread's id");
                IS_MEMBER.set(true);
                body()
            })
            .expect("the machine lets the test start a thread");
        let tid = tid.recv().expect("a thread says its id first");
        self.members.lock().unwrap().push(Member { name: name.to_owned(), tid });
        Thread { name: name.to_owned(), members: Arc::clone(&self.members), handle }
    }

    /// Waits until every thread has ended or sleeps with nobody left to wake it.
    pub fn settle(&self) -> Settled {
        let start = statuses(&self.members.lock().unwrap());
        loop {
            let members = self.members.lock().unwrap().clone();
            let now = statuses(&members);
            let napping = asleep(&members, &now);
            if napping.as_ref().is_some_and(Vec::is_empty) {
                return Settled::AtRest;
            }
            if let Some(index) = restless(&start, &now, &napping.unwrap_or_default()) {
                return Settled::Spinning(members[index].name.clone());
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
        let mut naps = Naps::default();
        while !self.handle.is_finished() {
            let stuck = look(&self.members.lock().unwrap(), &mut naps);
            // A thread that ended between the two looks is not stuck.
            if self.handle.is_finished() {
                break;
            }
            let seen = match stuck {
                None => {
                    thread::yield_now();
                    continue;
                }
                Some(Stuck::Asleep) => {
                    let asleep = names_of_living(&self.members.lock().unwrap());
                    format!("{asleep} asleep for good: no thread is left that could wake it")
                }
                Some(Stuck::Spinning(name)) => {
                    format!("thread `{name}` spins: it used a second of CPU and got nowhere")
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

/// Which thread has done too much since the start for one that comes to rest.
fn restless(
    start: &[Option<ThreadStatus>],
    now: &[Option<ThreadStatus>],
    napping: &[usize],
) -> Option<usize> {
    let since = start.iter().zip(now).map(|statuses| match statuses {
        (Some(start), Some(now)) => {
            (now.cpu_ticks - start.cpu_ticks, now.context_switches - start.context_switches)
        }
        _ => (0, 0),
    });
    let since: Vec<(u64, u64)> = since.collect();
    let alone = since.iter().enumerate().position(|(index, &(ticks, switches))| {
        ticks > RESTLESS_TICKS
            || switches > RESTLESS_SWITCHES
            || (switches > NAPS && napping.contains(&index))
    });
    // Many that spin get little CPU time each.
    let together = since.iter().map(|(ticks, _)| ticks).sum::<u64>() > 2 * RESTLESS_TICKS;
    alone.or_else(|| (0..since.len()).filter(|_| together).max_by_key(|&index| since[index].0))
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
    /// The named thread keeps a CPU busy.
    Spinning(String),
    /// The named thread sleeps by the clock, again and again; the others are asleep.
    Napping(String),
}

/// What threads did that sleep by the clock, since another one did something.
#[derive(Default)]
struct Naps {
    /// The other threads.
    others: Vec<Option<ThreadStatus>>,
    /// The context switches of each, by its id, at the first look since then.
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
            let switches = now[index].as_ref().map_or(0, |status| status.context_switches);
            let since = *self.since.entry(members[index].tid).or_insert(switches);
            switches > since + NAPS_IN_VAIN
        })
    }
}

/// Two looks at all threads; `None` if one of them ran in between, or will.
fn look(members: &[Member], naps: &mut Naps) -> Option<Stuck> {
    let now = statuses(members);
    let spins = |status: &Option<ThreadStatus>| {
        status.as_ref().is_some_and(|status| status.cpu_ticks > SPIN_TICKS)
    };
    if let Some((member, _)) = members.iter().zip(&now).find(|(_, status)| spins(status)) {
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
    use std::sync::Condvar;
    use std::time::Duration;

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
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let thread = threads.spawn("napper", {
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        assert_eq!(threads.settle(), Settled::Spinning("napper".into()));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        thread.join("-", "-");
    }

    #[test]
    fn who_waits_for_one_that_runs_does_not_wait_in_vain() {
        // In a process of its own there would be no other tests; here they may run, and then nobody waits
        // in vain. So this is the half that can be said.
        let threads = Threads::new();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let runner = threads.spawn("runner", {
            let stop = Arc::clone(&stop);
            move || while !stop.load(std::sync::atomic::Ordering::Relaxed) {}
        });
        let waiter = threads.spawn("waiter", thread::park);
        let tid = threads.members.lock().unwrap()[1].tid;
        while sleep(getpid().as_raw(), tid) != Some(Sleep::UntilWoken) {
            thread::yield_now();
        }
        assert!(!waits_in_vain(tid));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
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

    #[test]
    fn a_busy_thread_is_called_a_spinner() {
        let threads = Threads::new();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let thread = threads.spawn("spinner", {
            let stop = Arc::clone(&stop);
            move || while !stop.load(std::sync::atomic::Ordering::Relaxed) {}
        });
        assert_eq!(threads.settle(), Settled::Spinning("spinner".into()));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        thread.handle.join().unwrap();
    }

    #[test]
    fn so_is_one_of_many() {
        let threads = Threads::new();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let spinners: Vec<_> = (0..64)
            .map(|_| {
                let stop = Arc::clone(&stop);
                threads.spawn(
                    "spinner",
                    move || while !stop.load(std::sync::atomic::Ordering::Relaxed) {},
                )
            })
            .collect();
        assert_eq!(threads.settle(), Settled::Spinning("spinner".into()));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        spinners.into_iter().for_each(|spinner| spinner.handle.join().unwrap());
    }

    #[test]
    fn so_is_one_that_does_nothing_but_yield() {
        let threads = Threads::new();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let thread = threads.spawn("yielder", {
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(threads.settle(), Settled::Spinning("yielder".into()));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        thread.handle.join().unwrap();
    }

    #[test]
    #[should_panic(expected = "the thread's own words")]
    fn a_panic_is_passed_on() {
        Threads::new().spawn("thrower", || panic!("the thread's own words")).join("-", "-")
    }
}
