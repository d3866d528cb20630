//! Threads whose sleep is a fact.
//!
//! A test that says "`acquire` must block" could start a thread, wait a while and look; it would be
//! wrong on a slow day. The kernel knows: a thread that is asleep and has not been switched to
//! between two looks cannot have run in between. When that holds of *every* thread that could wake
//! another, nothing will happen any more unless the test does something. [`Threads::settle`] waits
//! for that point; [`Thread::join`] reports a deadlock when it is reached too early.
//!
//! This holds for threads that wait for each other only (locks, futexes, condition variables); a
//! thread that waits for a timer, a socket or a process looks asleep although something will
//! wake it. Use [`crate::deadline`] for those.

use std::panic;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use nix::unistd::{getpid, gettid};

use crate::Lesson;
use crate::proc::{ThreadStatus, thread_status};

/// CPU time, in clock ticks, after which a thread that is waited for is said to spin: 1 s.
const SPIN_TICKS: u64 = 100;

/// CPU time, in clock ticks, after which a thread that should come to rest is said to spin: 0.25 s.
const RESTLESS_TICKS: u64 = 25;

/// Context switches after which a thread that should come to rest is said to spin. On a busy machine
/// one that yields gets little CPU time, but many turns.
const RESTLESS_SWITCHES: u64 = 1000;

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
    /// The named thread keeps a CPU busy instead of sleeping.
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
            if at_rest(&members, &now) {
                return Settled::AtRest;
            }
            let restless = members.iter().zip(start.iter().zip(&now)).find(|(_, (start, now))| {
                let (Some(start), Some(now)) = (start, now) else { return false };
                now.cpu_ticks > start.cpu_ticks + RESTLESS_TICKS
                    || now.context_switches > start.context_switches + RESTLESS_SWITCHES
            });
            if let Some((member, _)) = restless {
                return Settled::Spinning(member.name.clone());
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
        while !self.handle.is_finished() {
            let settled = look(&self.members.lock().unwrap());
            // A thread that ended between the two looks is not stuck.
            if self.handle.is_finished() {
                break;
            }
            let seen = match settled {
                None => {
                    thread::yield_now();
                    continue;
                }
                Some(Settled::AtRest) => {
                    let asleep = names_of_living(&self.members.lock().unwrap());
                    format!("{asleep} asleep for good: no thread is left that could wake it")
                }
                Some(Settled::Spinning(name)) => {
                    format!("thread `{name}` spins: it used a second of CPU and got nowhere")
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

/// Two looks at all threads; `None` if one of them ran in between.
fn look(members: &[Member]) -> Option<Settled> {
    let now = statuses(members);
    let spins = |status: &Option<ThreadStatus>| {
        status.as_ref().is_some_and(|status| status.cpu_ticks > SPIN_TICKS)
    };
    if let Some((member, _)) = members.iter().zip(&now).find(|(_, status)| spins(status)) {
        return Some(Settled::Spinning(member.name.clone()));
    }
    at_rest(members, &now).then_some(Settled::AtRest)
}

/// Whether all threads slept when they were looked at first, and none has run since.
fn at_rest(members: &[Member], first: &[Option<ThreadStatus>]) -> bool {
    first.iter().flatten().all(|status| status.state == 'S') && statuses(members) == first
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
