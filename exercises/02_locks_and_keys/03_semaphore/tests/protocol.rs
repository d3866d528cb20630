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
use schedules::Expect;
use schedules::shuttle::explore;
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
        read: "hint 3",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        for name in ["T1", "T2", "T3"] {
            thread(name, &semaphore, |semaphore| drop(semaphore.acquire()));
        }
    });
}
