//! What holds in every schedule.
//!
//! `src/semaphore.rs` is compiled here with a `crate::sync` in which a thread may be interrupted
//! before each of its steps, and in which a wait may wake up for no reason. Scenarios are run under
//! thousands of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::mem::ManuallyDrop;
use std::sync::Arc;

use rstest::rstest;
use schedules::shuttle::{explore, explore_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use semaphore::Semaphore;
use sync::UnsafeCell;
use sync::thread::{JoinHandle, spawn_as};

/// A thread that does one thing with the semaphore.
fn thread<T: Send + 'static>(
    name: &str,
    semaphore: &Arc<Semaphore>,
    body: fn(&Semaphore) -> T,
) -> JoinHandle<T> {
    let semaphore = Arc::clone(semaphore);
    spawn_as(name, move || body(&semaphore))
}

/// Takes a permit and never gives it back.
fn keep_one(semaphore: &Semaphore) {
    let _kept = ManuallyDrop::new(semaphore.acquire());
}

/// Takes a permit, if there is one, and never gives it back.
fn try_to_keep_one(semaphore: &Semaphore) -> bool {
    semaphore.try_acquire().map(ManuallyDrop::new).is_some()
}

#[test]
fn no_wake_up_lets_an_acquire_through_without_a_permit() {
    let expect = Expect {
        expected: "acquire to wait while there is no permit",
        likely: "`if` where a `while` belongs: after every wait, ask again whether there is a permit",
        explains: Explains::Invariants,
        read: "hint 3; pthread_cond_wait(3p)",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiter = thread("waiter", &semaphore, keep_one);
        waiter.settle();
        assert!(!waiter.is_finished(), "acquire returned, and there was no permit");
        semaphore.release(1);
    });
}

#[test]
fn an_acquire_goes_on_when_a_permit_is_released() {
    let expect = Expect {
        expected: "the release to let the waiter go on, at whatever moment it comes",
        likely: "release comes between the check of the count and the sleep (does it change the count under the lock?), or it notifies before it adds, or it does not notify",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_wait(3p)",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiter = thread("waiter", &semaphore, keep_one);
        semaphore.release(1);
        waiter.join().unwrap();
        assert_eq!(semaphore.available(), 0, "one permit was released and one taken");
    });
}

#[test]
fn one_permit_lets_one_in_at_a_time() {
    let expect = Expect {
        expected: "one thread at a time to hold the only permit",
        likely: "the check of the count and the subtraction are not under one lock",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let kitchen = Arc::new(UnsafeCell::new(0));
        for name in ["T1", "T2"] {
            let (semaphore, kitchen) = (Arc::clone(&semaphore), Arc::clone(&kitchen));
            spawn_as(name, move || {
                let _permit = semaphore.acquire();
                kitchen.set(kitchen.get() + 1);
            });
        }
    });
}

#[test]
fn of_an_acquire_and_a_try_acquire_one_has_the_only_permit() {
    let expect = Expect {
        expected: "try_acquire to be refused if acquire has the permit, and acquire to wait if try_acquire has it",
        likely: "the check of the count and the subtraction are not under one lock",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let acquirer = thread("acquirer", &semaphore, keep_one);
        if thread("trier", &semaphore, try_to_keep_one).join().unwrap() {
            acquirer.settle();
            assert!(!acquirer.is_finished(), "both have the only permit");
            semaphore.release(1);
        }
        acquirer.join().unwrap();
    });
}

#[rstest]
#[case::released_together(|semaphore: &Semaphore| semaphore.release(2))]
#[case::released_one_after_the_other(|semaphore: &Semaphore| {
    semaphore.release(1);
    semaphore.release(1);
})]
fn two_permits_let_two_waiters_on(#[case] release: fn(&Semaphore)) {
    let expect = Expect {
        expected: "both waiters to go on: two permits were released",
        likely: "one notify_one for several permits, or no notification when the count was not 0: the other sleeper is never woken",
        explains: Explains::LostWakeUps,
        read: "hint 3; https://doc.rust-lang.org/std/sync/struct.Condvar.html",
    };
    explore(expect, move || {
        let semaphore = Arc::new(Semaphore::new(0));
        // The permits are kept: nobody is woken by a permit that another waiter gives back.
        thread("T1", &semaphore, keep_one);
        thread("T2", &semaphore, keep_one);
        release(&semaphore);
    });
}

#[test]
fn one_permit_lets_one_of_two_waiters_on() {
    let expect = Expect {
        expected: "one of two waiters to go on with the one permit, and the other to wait",
        likely: "a waiter subtracts its permit before it sleeps, so the count falls below zero, and the first permit only brings it back to zero",
        explains: Explains::LostWakeUps,
        read: "hint 2; sem_overview(7): the value is never allowed to fall below zero",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiters = ["T1", "T2"].map(|name| thread(name, &semaphore, keep_one));
        waiters.iter().for_each(JoinHandle::settle);
        semaphore.release(1);
        // A woken waiter is on its way until it sleeps or has ended.
        while waiters.iter().all(JoinHandle::sleeps) {
            sync::thread::yield_now();
        }
        waiters.iter().for_each(JoinHandle::settle);
        let on = waiters.iter().filter(|waiter| waiter.is_finished()).count();
        assert_eq!(on, 1, "waiters that went on");
        semaphore.release(1);
    });
}

#[test]
fn a_try_acquire_takes_the_permit_that_is_there() {
    let expect = Expect {
        expected: "try_acquire to take a permit: at every moment at least one was free",
        likely: "Mutex::try_lock: that the mutex is busy does not mean that no permit is free",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        thread("releaser", &semaphore, |semaphore| semaphore.release(1));
        let taken = thread("trier", &semaphore, try_to_keep_one).join().unwrap();
        assert!(taken, "try_acquire returned None");
    });
}

#[test]
fn a_dropped_permit_lets_a_waiter_on() {
    let expect = Expect {
        expected: "the drop of a permit to let the waiter go on",
        likely: "the drop of a permit adds to the count but does not notify",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        for name in ["T1", "T2", "T3"] {
            thread(name, &semaphore, |semaphore| drop(semaphore.acquire()));
        }
    });
}

#[test]
fn a_permit_of_a_holder_that_panics_lets_a_waiter_on() {
    let expect = Expect {
        expected: "the permit of a holder that panics to let a waiter on, as every dropped permit does",
        likely: "while a panic unwinds, the drop of a permit does less: it asks thread::panicking, or leaves the notification out",
        explains: Explains::LostWakeUps,
        read: "README, the task",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        thread("holder", &semaphore, |semaphore| unwind_through(semaphore.acquire()));
        thread("waiter", &semaphore, |semaphore| drop(semaphore.acquire()));
    });
}

const ACQUIRE: Operation<usize, Semaphore> = Operation::new(
    "acquire()",
    |permits| {
        *permits = permits.checked_sub(1)?;
        Some(String::new())
    },
    |semaphore| {
        keep_one(semaphore);
        String::new()
    },
);

const TRY_ACQUIRE: Operation<usize, Semaphore> = Operation::new(
    "try_acquire()",
    |permits| {
        let left = permits.checked_sub(1);
        *permits = left.unwrap_or(0);
        Some(taken(left.is_some()))
    },
    |semaphore| taken(try_to_keep_one(semaphore)),
);

const RELEASE_ONE: Operation<usize, Semaphore> = Operation::new(
    "release(1)",
    |permits| {
        *permits += 1;
        Some(String::new())
    },
    |semaphore| {
        semaphore.release(1);
        String::new()
    },
);

const RELEASE_TWO: Operation<usize, Semaphore> = Operation::new(
    "release(2)",
    |permits| {
        *permits += 2;
        Some(String::new())
    },
    |semaphore| {
        semaphore.release(2);
        String::new()
    },
);

const AVAILABLE: Operation<usize, Semaphore> = Operation::new(
    "available()",
    |permits| Some(permits.to_string()),
    |semaphore| semaphore.available().to_string(),
);

/// What an acquire came to, in words.
fn taken(is_taken: bool) -> String {
    if is_taken { "a permit".to_owned() } else { "none".to_owned() }
}

#[rstest]
#[case::of_none(0, || Semaphore::new(0))]
#[case::of_one(1, || Semaphore::new(1))]
fn every_answer_is_that_of_some_order(#[case] permits: usize, #[case] make: fn() -> Semaphore) {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "the count is not the number of permits at every moment: a waiter counts itself, or a permit is taken in two steps",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: permits,
        make,
        sequences: &[&[ACQUIRE], &[TRY_ACQUIRE], &[RELEASE_ONE], &[RELEASE_TWO], &[AVAILABLE]],
        afterwards: &[AVAILABLE, TRY_ACQUIRE, AVAILABLE, RELEASE_ONE, ACQUIRE, AVAILABLE],
    };
    explore_programs(expect, trial);
}
