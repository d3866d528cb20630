//! What holds in every schedule.
//!
//! `src/mutex.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before
//! each of its steps. Scenarios are run under thousands of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/mutex.rs"]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;

use mutex::RawMutex;
use rstest::rstest;
use schedules::shuttle::{explore, explore_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use sync::UnsafeCell;
use sync::thread::{JoinHandle, spawn_as, yield_now};

/// A thread that takes the lock and gives it back.
fn passer(name: &str, mutex: &Arc<RawMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    spawn_as(name, move || {
        mutex.lock();
        mutex.unlock();
    })
}

#[test]
fn a_free_lock_is_never_refused() {
    let expect = Expect {
        expected: "try_lock to take a lock that nobody has",
        likely: "compare_exchange_weak, which may fail although the value is the expected one",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU32.html#method.compare_exchange_weak",
    };
    explore(expect, || assert!(RawMutex::new().try_lock(), "try_lock refused a free lock"));
}

#[rstest]
#[case::by_lock_and_lock(by_lock, by_lock)]
#[case::by_lock_and_try_lock(by_lock, by_try_lock)]
#[case::by_try_lock_and_try_lock(by_try_lock, by_try_lock)]
fn two_threads_are_never_inside_together(
    #[case] first: fn(&RawMutex) -> bool,
    #[case] second: fn(&RawMutex) -> bool,
) {
    let expect = Expect {
        expected: "one thread at a time between lock and unlock",
        likely: "the check and the taking are two operations, and the other thread came in between",
        explains: Explains::LostWakeUps,
        read: "hint 1",
    };
    explore(expect, move || {
        let mutex = Arc::new(RawMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        for (name, take) in [("T1", first), ("T2", second)] {
            let (mutex, room) = (Arc::clone(&mutex), Arc::clone(&room));
            spawn_as(name, move || {
                if take(&mutex) {
                    room.set(room.get() + 1);
                    mutex.unlock();
                }
            });
        }
    });
}

fn by_lock(mutex: &RawMutex) -> bool {
    mutex.lock();
    true
}

fn by_try_lock(mutex: &RawMutex) -> bool {
    mutex.try_lock()
}

#[test]
fn who_waits_gets_in_when_the_holder_leaves() {
    let expect = Expect {
        expected: "the unlock of one thread to let the other in, at whatever moment it comes",
        likely: "between the waiter's check and its sleep, or the holder's check and its wake, the other thread acted, and nobody noticed: announce the waiter before it sleeps, free the lock before you wake, and sleep only on the value you left there",
        explains: Explains::LostWakeUps,
        read: "hints 2 and 3; FUTEX_WAIT(2const), in older manuals futex(2)",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        passer("T1", &mutex);
        passer("T2", &mutex);
    });
}

/// The lock, held; dropping it unlocks, also while a panic unwinds.
struct Guard(Arc<RawMutex>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

#[test]
fn an_unlock_while_a_panic_unwinds_is_an_unlock() {
    let expect = Expect {
        expected: "the unlock of a holder that panics to let the other thread in, as every unlock does",
        likely: "while a panic unwinds, `unlock` does less: it asks thread::panicking, and wakes nobody",
        explains: Explains::LostWakeUps,
        read: "README, the task",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        let held = Arc::clone(&mutex);
        spawn_as("holder", move || {
            held.lock();
            unwind_through(Guard(held));
        });
        passer("waiter", &mutex);
    });
}

#[test]
fn of_three_threads_none_is_forgotten() {
    let expect = Expect {
        expected: "each of three threads to get in",
        likely: "a woken waiter takes the lock with a 1, so its unlock wakes nobody, and others still sleep",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        for name in ["T1", "T2", "T3"] {
            passer(name, &mutex);
        }
    });
}

#[test]
fn a_refused_try_lock_changes_nothing() {
    let expect = Expect {
        expected: "a refused try_lock to leave the state as it was, and the sleeper to be woken",
        likely: "the refused `try_lock` overwrote the 2 by which the sleeper was remembered",
        explains: Explains::LostWakeUps,
        read: "hint 2; compare_exchange changes nothing when it fails, swap always does",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        passer("waiter", &mutex).settle();
        assert!(!mutex.try_lock(), "try_lock took a lock that is held");
        mutex.unlock();
    });
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn a_newcomer_leaves_the_second_sleeper_remembered(#[case] take: fn(&RawMutex) -> bool) {
    let expect = Expect {
        expected: "both sleepers to get in, whatever a newcomer does when the lock becomes free",
        likely: "a newcomer finds the lock free, a woken thread takes it with a 2, and then the newcomer, who only writes if it has seen a 0, makes it a 1: the other sleeper is forgotten",
        explains: Explains::LostWakeUps,
        read: "hints 2 and 4; compare_exchange changes nothing when it fails, swap always does",
    };
    explore(expect, move || {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        let sleepers = ["W1", "W2"].map(|name| {
            let mutex = Arc::clone(&mutex);
            spawn_as(name, move || {
                mutex.lock();
                yield_now();
                mutex.unlock();
            })
        });
        sleepers.iter().for_each(JoinHandle::settle);
        let newcomers = Arc::clone(&mutex);
        let newcomer = spawn_as("newcomer", move || {
            if take(&newcomers) {
                newcomers.unlock();
            }
        });
        mutex.unlock();
        for thread in sleepers.into_iter().chain([newcomer]) {
            thread.join().unwrap();
        }
        assert!(mutex.try_lock(), "try_lock refused a lock that all have left");
    });
}

#[test]
fn a_woken_waiter_that_finds_the_lock_taken_sleeps_again() {
    let expect = Expect {
        expected: "a waiter that was woken in vain to sleep again",
        likely: "the newcomer left a 1 behind, and nobody makes it a 2 again before the next futex::wait, which returns at once",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        let waiter = passer("waiter", &mutex);
        waiter.settle();
        mutex.unlock();
        // The newcomer, who may be faster than the woken waiter.
        mutex.lock();
        waiter.settle();
        mutex.unlock();
    });
}

/// Whether it is locked.
type Model = bool;

const LOCK: Operation<Model, RawMutex> = Operation::new(
    "lock()",
    |is_locked| {
        let was_locked = std::mem::replace(is_locked, true);
        (!was_locked).then(String::new)
    },
    |mutex| {
        mutex.lock();
        String::new()
    },
);

const TRY_LOCK: Operation<Model, RawMutex> = Operation::new(
    "try_lock()",
    |is_locked: &mut Model| Some((!std::mem::replace(is_locked, true)).to_string()),
    |mutex: &RawMutex| mutex.try_lock().to_string(),
)
.or_not_the_next("false");

const UNLOCK: Operation<Model, RawMutex> = Operation::new(
    "unlock()",
    |is_locked| std::mem::replace(is_locked, false).then(String::new),
    |mutex| {
        mutex.unlock();
        String::new()
    },
);

#[test]
fn every_answer_is_that_of_some_order() {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "a lock or an unlock is made of two steps, and another thread's call comes in between",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: false,
        make: RawMutex::new,
        sequences: &[&[LOCK, UNLOCK], &[TRY_LOCK, UNLOCK]],
        // The second one is refused, and so is left out what comes after it.
        afterwards: &[TRY_LOCK, TRY_LOCK, UNLOCK, UNLOCK, LOCK, UNLOCK, TRY_LOCK],
    };
    explore_programs(expect, trial);
}
