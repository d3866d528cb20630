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
//! has long been through. One that makes none of the steps that are counted is cut off after
//! some seconds.

mod members;
mod progress;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::panic;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::unistd::{getpid, gettid};
use procfs::ThreadStatus;

use self::members::{Member, asleep, names_of_living, statuses};
use self::progress::{Looks, NAPS_IN_VAIN, NET, Naps, Stuck, look};
use crate::Lesson;
use crate::sleep::{Sleep, sleep};
use crate::steps;

thread_local! {
    /// Whether this thread was started by [`Threads::spawn`].
    static IS_MEMBER: Cell<bool> = const { Cell::new(false) };
}

/// The threads that one test starts.
#[derive(Debug, Default)]
pub struct Threads {
    members: Arc<Mutex<Vec<Member>>>,
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

    /// As [`Threads::settle`]; if a thread keeps a CPU busy instead, the test fails: whoever waits is to sleep.
    #[track_caller]
    pub fn come_to_rest(&self) {
        if let Settled::Spinning(name) = self.settle() {
            Lesson {
                expected: "every thread that waits to sleep until it is woken".to_owned(),
                seen: format!("thread `{name}` looks again and again, and no other thread does anything"),
                likely: "a loop around no wait, or a woken thread that wakes the next one although nothing has changed"
                    .to_owned(),
                read: "README, the task".to_owned(),
                ..Lesson::default()
            }
            .fail();
        }
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
                ..Lesson::default()
            }
            .fail();
        }
        match self.handle.join() {
            Ok(value) => value,
            Err(panic) => panic::resume_unwind(panic),
        }
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
        let mut threads = procfs::threads(pid);
        threads.remove(&gettid().as_raw());
        threads
    };
    let first = others();
    let asleep =
        |(tid, status): (&i32, &ThreadStatus)| status.state == 'S' && sleep(pid, *tid).is_some();
    first.contains_key(&tid) && first.iter().all(asleep) && others() == first
}
