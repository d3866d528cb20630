//! The standard library, one step at a time.
//!
//! A bug in a lock shows when another thread acts between two particular steps. A real run hits that
//! moment once in a million; a test that stops the thread there hits it every time. Each atomic
//! operation, each fence, each call of the futex, of a mutex and of a condition variable is a step.
//! [`Steps`] records what a thread does, and can stop it before one of its steps, where it is asleep
//! for all that [`crate::threads`] can see. A test that tries every step in turn has tried every
//! moment at which one other thread can act.
//!
//! Where a promise of the standard library is weak, it is kept to the letter here:
//! `compare_exchange_weak` fails for no reason every other time.

pub mod atomic;
mod monitor;

pub use super::std::{LockResult, PoisonError, RwLock, TryLockError, UnsafeCell};
pub use monitor::{Condvar, Mutex, MutexGuard};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{self, Arc};

/// More steps than this are not recorded: whoever takes so many spins.
const RECORDED: usize = 1000;

/// More steps than this are not printed.
const PRINTED: usize = 20;

/// The steps of one thread, and perhaps a stop before one of them.
#[derive(Debug, Clone)]
pub struct Steps(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: sync::Mutex<State>,
    gone_on: sync::Condvar,
}

#[derive(Debug)]
struct State {
    steps: Vec<Step>,
    begun: usize,
    /// The step before which the thread stops.
    stop: Option<usize>,
    reached: bool,
}

/// One thing that a thread did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the learner's file.
    pub line: u32,
    /// The function that was called.
    pub name: &'static str,
    /// The memory ordering asked for, where there is one.
    pub order: Option<Ordering>,
    /// The value that an atomic operation read.
    pub read: Option<u64>,
    /// The value that an atomic operation wrote.
    pub written: Option<u64>,
    /// How many sleepers a futex wake woke.
    pub woken: usize,
}

impl Steps {
    /// Records without a stop.
    pub fn recorded() -> Self {
        Self::with(None)
    }

    /// Stops the thread before its step number `step`, counted from 0.
    pub fn stopping_before(step: usize) -> Self {
        Self::with(Some(step))
    }

    fn with(stop: Option<usize>) -> Self {
        let state = State { steps: Vec::new(), begun: 0, stop, reached: false };
        Self(Arc::new(Shared { state: state.into(), gone_on: sync::Condvar::new() }))
    }

    /// Runs `body` on this thread, under these eyes.
    pub fn of<R>(&self, body: impl FnOnce() -> R) -> R {
        /// Ends the watch, also when `body` panics.
        struct Ended;
        impl Drop for Ended {
            fn drop(&mut self) {
                WATCHED.take();
            }
        }
        WATCHED.set(Some(Arc::clone(&self.0)));
        let _ended = Ended;
        body()
    }

    /// Whether the thread has come to the stop.
    pub fn reached_the_stop(&self) -> bool {
        self.0.state.lock().unwrap().reached
    }

    /// Lets the thread go on, and not stop any more.
    pub fn go_on(&self) {
        self.0.state.lock().unwrap().stop = None;
        self.0.gone_on.notify_all();
    }

    /// What the thread has done up to now.
    pub fn list(&self) -> Vec<Step> {
        self.0.state.lock().unwrap().steps.clone()
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list();
        let mut lines: Vec<_> = list.iter().take(PRINTED).map(Step::to_string).collect();
        if list.len() > PRINTED {
            lines.push("and so on".to_owned());
        }
        f.write_str(&lines.join("\n"))
    }
}

impl Step {
    /// Whether what comes after it sees what came before the matching release.
    pub fn acquires(&self) -> bool {
        let reads = self.read.is_some() || self.name == "fence";
        reads && matches!(self.order, Some(Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst))
    }

    /// Whether what came before it is seen by whoever acquires what it wrote.
    pub fn releases(&self) -> bool {
        let writes = self.written.is_some() || self.name == "fence";
        writes
            && matches!(self.order, Some(Ordering::Release | Ordering::AcqRel | Ordering::SeqCst))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.name)?;
        match (self.read, self.written) {
            (Some(read), Some(written)) => write!(f, ", {read} becomes {written}")?,
            (Some(read), None) => write!(f, ", reads {read}")?,
            (None, Some(written)) => write!(f, ", writes {written}")?,
            (None, None) => {}
        }
        if let Some(order) = self.order {
            write!(f, " ({order:?})")?;
        }
        Ok(())
    }
}

thread_local! {
    static WATCHED: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
    /// Whether this thread's next `compare_exchange_weak` does what it is asked.
    static WEAK_IS_STRONG: Cell<bool> = const { Cell::new(false) };
}

/// A step begins: the thread stops here if it is to stop.
fn begin() {
    let Some(shared) = WATCHED.with_borrow(Option::clone) else {
        return;
    };
    let mut state = shared.state.lock().unwrap();
    let step = state.begun;
    state.begun += 1;
    state.reached |= state.stop == Some(step);
    drop(shared.gone_on.wait_while(state, |state| state.stop == Some(step)).unwrap());
}

/// A step is done.
fn done(step: Step) {
    let Some(shared) = WATCHED.with_borrow(Option::clone) else {
        return;
    };
    let mut state = shared.state.lock().unwrap();
    if state.steps.len() < RECORDED {
        state.steps.push(step);
    }
}

/// A step of which nothing but its name is recorded, and that before it is taken.
#[track_caller]
fn plain(name: &'static str) {
    begin();
    done(step(name));
}

#[track_caller]
fn step(name: &'static str) -> Step {
    let line = Location::caller().line();
    Step { line, name, order: None, read: None, written: None, woken: 0 }
}

/// The futex, whose calls are steps.
pub mod futex {
    use super::super::std::futex as real;
    use super::atomic::AtomicU32;
    use super::{Step, begin, done, plain, step};

    /// As [`real::wait`].
    #[track_caller]
    pub fn wait(word: &AtomicU32, expected: u32) {
        plain("futex::wait");
        real::wait(&word.0, expected);
    }

    /// As [`real::wake_one`].
    #[track_caller]
    pub fn wake_one(word: &AtomicU32) -> bool {
        begin();
        let woke = real::wake_one(&word.0);
        done(Step { woken: usize::from(woke), ..step("futex::wake_one") });
        woke
    }

    /// As [`real::wake_all`].
    #[track_caller]
    pub fn wake_all(word: &AtomicU32) -> usize {
        begin();
        let woken = real::wake_all(&word.0);
        done(Step { woken, ..step("futex::wake_all") });
        woken
    }
}

/// Threads; giving up the CPU is a step.
pub mod thread {
    pub use std::thread::*;

    /// As [`std::thread::yield_now`].
    #[track_caller]
    pub fn yield_now() {
        super::plain("thread::yield_now");
        std::thread::yield_now();
    }
}

/// Hints to the CPU, which are steps.
pub mod hint {
    pub use std::hint::*;

    /// As [`std::hint::spin_loop`].
    #[track_caller]
    pub fn spin_loop() {
        super::plain("hint::spin_loop");
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::atomic::AtomicU32;
    use super::*;
    use crate::threads::Threads;

    #[test]
    fn a_thread_stops_before_the_step_and_goes_on() {
        let word = Arc::new(AtomicU32::new(0));
        let steps = Steps::stopping_before(1);
        let threads = Threads::new();
        let adder = threads.spawn("adder", {
            let (word, steps) = (Arc::clone(&word), steps.clone());
            move || {
                steps.of(|| {
                    word.fetch_add(1, Ordering::Relaxed);
                    word.fetch_add(1, Ordering::Release)
                })
            }
        });
        threads.settle();
        assert!(steps.reached_the_stop() && !adder.is_finished());
        assert_eq!(word.swap(5, Ordering::Relaxed), 1);
        steps.go_on();
        assert_eq!(adder.join("-", "-"), 5);
        let list = steps.list();
        assert_eq!((list[1].read, list[1].written), (Some(5), Some(6)));
        assert!(list[1].releases() && !list[0].releases() && !list[1].acquires());
    }

    #[test]
    fn a_step_that_is_never_reached_does_not_stop() {
        let steps = Steps::stopping_before(7);
        steps.of(|| AtomicU32::new(0).load(Ordering::Acquire));
        assert!(!steps.reached_the_stop());
        assert!(steps.to_string().ends_with(": load, reads 0 (Acquire)"));
    }

    #[test]
    fn a_weak_exchange_fails_for_no_reason_every_other_time() {
        let word = AtomicU32::new(0);
        let exchange = || word.compare_exchange_weak(0, 0, Ordering::Relaxed, Ordering::Relaxed);
        assert_eq!([exchange(), exchange(), exchange()], [Err(0), Ok(0), Err(0)]);
    }

    #[test]
    fn a_notification_wakes_a_waiter() {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let threads = Threads::new();
        let waiter = threads.spawn("waiter", {
            let pair = Arc::clone(&pair);
            move || drop(pair.1.wait_while(pair.0.lock().unwrap(), |open| !*open).unwrap())
        });
        threads.settle();
        *pair.0.lock().unwrap() = true;
        pair.1.notify_one();
        waiter.join("-", "-");
    }
}
