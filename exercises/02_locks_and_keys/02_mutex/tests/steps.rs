//! What holds at every moment: another thread acts between any two steps of yours.
//!
//! `src/mutex.rs` is compiled here with a `crate::sync` that records each atomic operation and each
//! call of the futex, and stops a thread before one of them. A test that tries every step in turn
//! leaves nothing to luck.

#[allow(dead_code)]
#[path = "../src/mutex.rs"]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::stepped::*;
}

use std::sync::Arc;

use mutex::RawMutex;
use rstest::rstest;
use sync::{Step, Steps};
use testkit::require;
use testkit::threads::{Settled, Thread, Threads};

/// A mutex and the threads of one scene.
struct Scene {
    mutex: Arc<RawMutex>,
    threads: Threads,
}

impl Scene {
    fn free() -> Self {
        Self { mutex: Arc::new(RawMutex::new()), threads: Threads::new() }
    }

    fn locked() -> Self {
        let scene = Self::free();
        let steps = Steps::recorded();
        let holder = scene.spawn("holder", &steps, RawMutex::lock);
        scene.finish(holder, &steps, "a free lock is waited for");
        scene
    }

    /// Starts a thread that does one thing with the mutex, and lets it come as far as it comes.
    fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        steps: &Steps,
        body: impl FnOnce(&RawMutex) -> T + Send + 'static,
    ) -> Thread<T> {
        let (mutex, steps) = (Arc::clone(&self.mutex), steps.clone());
        let thread = self.threads.spawn(name, move || steps.of(|| body(&mutex)));
        self.threads.settle();
        thread
    }

    /// What another thread does at once, while the one under test stands still.
    #[track_caller]
    fn meanwhile<T: Send + 'static>(
        &self,
        body: impl FnOnce(&RawMutex) -> T + Send + 'static,
    ) -> T {
        let steps = Steps::recorded();
        let other = self.spawn("other", &steps, body);
        self.finish(other, &steps, "`try_lock` and `unlock` wait for another thread; they never do")
    }

    #[track_caller]
    fn finish<T>(&self, thread: Thread<T>, steps: &Steps, likely: &str) -> T {
        let stands = match self.threads.settle() {
            Settled::AtRest => "is asleep, and nobody is left to wake it".to_owned(),
            Settled::Spinning(name) => format!("has not finished, and `{name}` keeps a CPU busy"),
        };
        require!(thread.is_finished(),
            expected: "the thread to finish what it has begun",
            seen: "it {stands}; its steps were\n{steps}",
            likely: "{likely}",
            read: "hint 3; futex(2), FUTEX_WAIT",
        );
        thread.join(likely, "hint 3")
    }
}

#[test]
fn another_thread_at_any_step_of_a_lock_leaves_one_inside() {
    for step in 0.. {
        let scene = Scene::free();
        let steps = Steps::stopping_before(step);
        let locker = scene.spawn("locker", &steps, RawMutex::lock);
        let reached = steps.reached_the_stop();
        let taken = scene.meanwhile(RawMutex::try_lock);
        steps.go_on();
        scene.threads.settle();
        if taken {
            require!(!locker.is_finished(),
                expected: "lock to wait: before its step {step}, another thread took the lock",
                seen: "both are inside; the steps of lock were\n{steps}",
                likely: "the look and the taking are two operations, and the other came in between",
                read: "hint 1",
            );
            scene.meanwhile(RawMutex::unlock);
        }
        scene.finish(locker, &steps, "the unlock of the other thread went unnoticed");
        if !reached {
            break;
        }
    }
}

#[test]
fn another_thread_at_any_step_of_a_try_lock_leaves_one_inside() {
    for step in 0.. {
        let scene = Scene::free();
        let steps = Steps::stopping_before(step);
        let trier = scene.spawn("trier", &steps, RawMutex::try_lock);
        let reached = steps.reached_the_stop();
        let other = scene.meanwhile(RawMutex::try_lock);
        steps.go_on();
        let this = scene.finish(trier, &steps, "`try_lock` never waits");
        require!(!(this && other),
            expected: "one of two calls of try_lock to take the lock",
            seen: "both did; one came before step {step} of the other, whose steps were\n{steps}",
            likely: "the look and the taking are two operations, and the other came in between",
            read: "hint 1",
        );
        if !reached {
            break;
        }
    }
}

#[test]
fn an_unlock_at_any_step_of_a_lock_is_noticed() {
    for step in 0.. {
        let scene = Scene::locked();
        let steps = Steps::stopping_before(step);
        let locker = scene.spawn("locker", &steps, RawMutex::lock);
        let reached = steps.reached_the_stop();
        scene.meanwhile(RawMutex::unlock);
        steps.go_on();
        scene.finish(
            locker,
            &steps,
            "it sleeps although the lock is free: unlock came before its sleep. futex::wait compares for you, if you pass the value for which you decided to sleep, and if no `store` of yours has put that over the 0",
        );
        if !reached {
            break;
        }
    }
}

#[test]
fn a_waiter_that_comes_at_any_step_of_an_unlock_gets_in() {
    for step in 0.. {
        let scene = Scene::locked();
        let steps = Steps::stopping_before(step);
        let holder = scene.spawn("holder", &steps, RawMutex::unlock);
        let reached = steps.reached_the_stop();
        let of_waiter = Steps::recorded();
        let waiter = scene.spawn("waiter", &of_waiter, RawMutex::lock);
        steps.go_on();
        scene.finish(holder, &steps, "`unlock` waits for somebody; it never does");
        scene.finish(
            waiter,
            &of_waiter,
            "`unlock` looked whether somebody waits, and freed the lock later: who comes in between is not seen",
        );
        if !reached {
            break;
        }
    }
}

#[test]
fn a_sleeper_that_runs_at_any_step_of_an_unlock_gets_in() {
    for step in 0.. {
        let scene = Scene::locked();
        let of_waiter = Steps::recorded();
        let waiter = scene.spawn("waiter", &of_waiter, RawMutex::lock);
        let steps = Steps::stopping_before(step);
        // Up to the stop, and then the waiter runs, if it is awake, until it sleeps again.
        let holder = scene.spawn("holder", &steps, RawMutex::unlock);
        let reached = steps.reached_the_stop();
        steps.go_on();
        scene.finish(holder, &steps, "`unlock` waits for somebody; it never does");
        scene.finish(
            waiter,
            &of_waiter,
            "`unlock` wakes before it frees the lock: the sleeper looks, finds it locked, and sleeps again",
        );
        if !reached {
            break;
        }
    }
}

#[test]
fn a_woken_waiter_that_finds_the_lock_taken_sleeps_again() {
    // How many steps does a waiter take until it sleeps?
    let scene = Scene::locked();
    let until_sleep = Steps::recorded();
    let waiter = scene.spawn("waiter", &until_sleep, RawMutex::lock);
    let sleeps_after = until_sleep.list().len();
    scene.meanwhile(RawMutex::unlock);
    scene.finish(waiter, &until_sleep, "`unlock` wakes nobody");

    let scene = Scene::locked();
    let steps = Steps::stopping_before(sleeps_after);
    let waiter = scene.spawn("waiter", &steps, RawMutex::lock);
    // Woken, it stands before its next step, and a newcomer is faster.
    scene.meanwhile(RawMutex::unlock);
    let newcomer = Steps::recorded();
    let locker = scene.spawn("newcomer", &newcomer, RawMutex::lock);
    scene.finish(locker, &newcomer, "the lock was free, and lock did not take it");
    steps.go_on();
    let settled = scene.threads.settle();
    require!(!waiter.is_finished() && settled == Settled::AtRest,
        expected: "the woken waiter to sleep again: a newcomer took the lock before it",
        seen: "{settled:?}; the waiter's steps were\n{steps}",
        likely: "the newcomer left a 1 behind, and nobody makes it a 2 again before the next futex::wait",
        read: "hint 4",
    );
    scene.meanwhile(RawMutex::unlock);
    scene.finish(waiter, &steps, "the newcomer's unlock did not wake the waiter");
}

#[test]
fn an_unlock_wakes_one_of_many_sleepers() {
    let scene = Scene::locked();
    let waiters: Vec<_> = (0..3)
        .map(|i| scene.spawn(&format!("waiter {i}"), &Steps::recorded(), RawMutex::lock))
        .collect();
    let steps = Steps::recorded();
    let holder = scene.spawn("holder", &steps, RawMutex::unlock);
    scene.finish(holder, &steps, "`unlock` waits for somebody; it never does");
    let woken: usize = steps.list().iter().map(|step| step.woken).sum();
    require!(woken == 1,
        expected: "unlock to wake one of 3 sleepers: one can get in",
        seen: "it woke {woken}; its steps were\n{steps}",
        likely: "wake_all: all run to the door, all but one sleep again",
        read: "README, the task",
    );
    let inside = waiters.iter().filter(|waiter| waiter.is_finished()).count();
    assert_eq!(inside, 1, "one of three waiters is inside");
    for _ in 1..waiters.len() {
        scene.meanwhile(RawMutex::unlock);
    }
    for waiter in waiters {
        waiter.join("a sleeper was forgotten", "hint 4");
    }
}

#[test]
fn a_free_lock_is_not_refused() {
    let scene = Scene::free();
    let steps = Steps::recorded();
    let trier = scene.spawn("trier", &steps, RawMutex::try_lock);
    let taken = scene.finish(trier, &steps, "`try_lock` never waits");
    require!(taken,
        expected: "try_lock to take a lock that nobody has",
        seen: "it returned false; its steps were\n{steps}",
        likely: "compare_exchange_weak, which may fail although the value is the expected one",
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU32.html#method.compare_exchange_weak",
    );
}

#[rstest]
#[case::lock(RawMutex::lock)]
#[case::try_lock(|mutex: &RawMutex| assert!(mutex.try_lock()))]
fn who_takes_a_free_lock_acquires(#[case] take: fn(&RawMutex)) {
    let scene = Scene::free();
    let steps = Steps::recorded();
    let taker = scene.spawn("taker", &steps, take);
    scene.finish(taker, &steps, "a free lock is waited for");
    require_acquire(&steps);
}

#[test]
fn who_has_waited_for_the_lock_acquires() {
    let scene = Scene::locked();
    let steps = Steps::recorded();
    let waiter = scene.spawn("waiter", &steps, RawMutex::lock);
    scene.meanwhile(RawMutex::unlock);
    scene.finish(waiter, &steps, "`unlock` wakes nobody");
    require_acquire(&steps);
}

/// From the operation that took the lock on, something acquires: it itself, or a fence after it.
#[track_caller]
fn require_acquire(steps: &Steps) {
    let list = steps.list();
    let takes = |step: &Step| step.read == Some(0) && step.written.is_some_and(|new| new != 0);
    // Taken by a look and a store? That is another test's matter.
    let Some(taking) = list.iter().position(takes) else {
        return;
    };
    require!(list[taking..].iter().any(Step::acquires),
        expected: "the operation that makes 1 or 2 of 0 to be an Acquire, or a fence after it",
        seen: "{steps}",
        likely: "a Relaxed operation takes the lock: what the last holder wrote need not be seen",
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    );
}

#[rstest]
#[case::nobody_waits(0)]
#[case::somebody_sleeps(1)]
fn an_unlock_releases(#[case] sleepers: usize) {
    let scene = Scene::locked();
    let waiters: Vec<_> =
        (0..sleepers).map(|_| scene.spawn("waiter", &Steps::recorded(), RawMutex::lock)).collect();
    let steps = Steps::recorded();
    let holder = scene.spawn("holder", &steps, RawMutex::unlock);
    scene.finish(holder, &steps, "`unlock` waits for somebody; it never does");
    let list = steps.list();
    let freeing = list.iter().position(|step| step.written == Some(0));
    let released = freeing.is_some_and(|freeing| {
        let fenced = list[..freeing].iter().any(|step| step.name == "fence" && step.releases());
        fenced || list[freeing].releases()
    });
    require!(released,
        expected: "the operation that makes the state 0 to be a Release, or a fence before it",
        seen: "{steps}",
        likely: "a Relaxed operation frees the lock: the next holder need not see what this one wrote",
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    );
    for waiter in waiters {
        waiter.join("`unlock` wakes nobody", "hint 3");
    }
}
