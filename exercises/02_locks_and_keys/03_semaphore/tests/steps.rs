//! What holds at every moment: another thread acts between any two steps of yours.
//!
//! `src/semaphore.rs` is compiled here with a `crate::sync` that stops a thread before one of its
//! steps: before it locks, waits, notifies, or changes an atomic. A test that tries every step in
//! turn leaves nothing to luck.

#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::stepped::*;
}

use std::mem::ManuallyDrop;
use std::sync::Arc;

use semaphore::Semaphore;
use sync::Steps;
use testkit::require;
use testkit::threads::{Thread, Threads};

/// A semaphore and the threads of one scene. Whoever takes a permit keeps it.
struct Scene {
    semaphore: Arc<Semaphore>,
    threads: Threads,
}

impl Scene {
    fn with(permits: usize) -> Self {
        Self { semaphore: Arc::new(Semaphore::new(permits)), threads: Threads::new() }
    }

    /// Starts a thread that does one thing with the semaphore, and lets it come as far as it comes:
    /// to its end, to the stop, or to sleep.
    fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        steps: &Steps,
        body: impl FnOnce(&Semaphore) -> T + Send + 'static,
    ) -> Thread<T> {
        let (semaphore, steps) = (Arc::clone(&self.semaphore), steps.clone());
        let thread = self.threads.spawn(name, move || steps.of(|| body(&semaphore)));
        self.threads.settle();
        thread
    }

    #[track_caller]
    fn finish<T>(&self, thread: Thread<T>, steps: &Steps, likely: &str) -> T {
        let settled = self.threads.settle();
        require!(thread.is_finished(),
            expected: "the thread to get on: a permit is free",
            seen: "{settled:?}, and it does not; its steps were\n{steps}",
            likely: "{likely}",
            read: "hint 3; pthread_cond_wait(3p)",
        );
        thread.join(likely, "hint 3")
    }
}

fn acquire(semaphore: &Semaphore) {
    let _kept = ManuallyDrop::new(semaphore.acquire());
}

fn try_acquire(semaphore: &Semaphore) -> bool {
    semaphore.try_acquire().map(ManuallyDrop::new).is_some()
}

fn release_one(semaphore: &Semaphore) {
    semaphore.release(1);
}

#[test]
fn another_thread_at_any_step_of_an_acquire_leaves_one_with_the_only_permit() {
    for step in 0.. {
        let scene = Scene::with(1);
        let steps = Steps::stopping_before(step);
        let acquirer = scene.spawn("acquirer", &steps, acquire);
        let reached = steps.reached_the_stop();
        let of_other = Steps::recorded();
        let other = scene.spawn("other", &of_other, try_acquire);
        steps.go_on();
        let taken = scene.finish(other, &of_other, "`try_acquire` never waits for a permit");
        if taken {
            require!(!acquirer.is_finished(),
                expected: "acquire to wait: before its step {step}, another thread took the permit",
                seen: "both have the only permit; the steps of acquire were\n{steps}",
                likely: "the look at the count and the counting down are not under one lock",
                read: "hint 1",
            );
            let of_release = Steps::recorded();
            let releaser = scene.spawn("releaser", &of_release, release_one);
            scene.finish(releaser, &of_release, "`release` never waits for anybody");
        }
        scene.finish(acquirer, &steps, "a permit was released, and nobody told the one who waits");
        if !reached {
            break;
        }
    }
}

#[test]
fn a_release_at_any_step_of_an_acquire_is_noticed() {
    for step in 0.. {
        let scene = Scene::with(0);
        let steps = Steps::stopping_before(step);
        let acquirer = scene.spawn("acquirer", &steps, acquire);
        let reached = steps.reached_the_stop();
        let of_release = Steps::recorded();
        let releaser = scene.spawn("releaser", &of_release, release_one);
        steps.go_on();
        scene.finish(
            acquirer,
            &steps,
            "release came between the look at the count and the sleep: it changes the count without the lock under which acquire looks",
        );
        scene.finish(releaser, &of_release, "`release` never waits for anybody");
        if !reached {
            break;
        }
    }
}

#[test]
fn a_sleeper_that_runs_at_any_step_of_a_release_goes_on() {
    for step in 0.. {
        let scene = Scene::with(0);
        let of_sleeper = Steps::recorded();
        let sleeper = scene.spawn("sleeper", &of_sleeper, acquire);
        let steps = Steps::stopping_before(step);
        // Up to the stop, and then the sleeper runs, if it is awake, until it sleeps again.
        let releaser = scene.spawn("releaser", &steps, release_one);
        let reached = steps.reached_the_stop();
        steps.go_on();
        scene.finish(releaser, &steps, "`release` never waits for anybody");
        scene.finish(
            sleeper,
            &of_sleeper,
            "`release` notifies first and adds the permit later: the sleeper looks, finds none, and sleeps again",
        );
        if !reached {
            break;
        }
    }
}

#[test]
fn two_releases_before_the_first_woken_thread_runs_wake_two() {
    let scene = Scene::with(0);
    // How many steps does a thread take until it sleeps?
    let until_sleep = Steps::recorded();
    let first = scene.spawn("first", &until_sleep, acquire);
    let sleeps_after = until_sleep.list().len();
    let releaser = scene.spawn("releaser", &Steps::recorded(), release_one);
    scene.finish(first, &until_sleep, "`release` does not notify");
    releaser.join("`release` never waits for anybody", "hint 3");

    let steps = [(); 2].map(|()| Steps::stopping_before(sleeps_after));
    let waiters = steps.each_ref().map(|steps| scene.spawn("waiter", steps, acquire));
    for _ in 0..2 {
        let of_release = Steps::recorded();
        let releaser = scene.spawn("releaser", &of_release, release_one);
        scene.finish(releaser, &of_release, "`release` never waits for anybody");
    }
    steps.iter().for_each(Steps::go_on);
    for (waiter, steps) in waiters.into_iter().zip(&steps) {
        scene.finish(
            waiter,
            steps,
            "`release` notifies only when the count was 0: the second of two quick releases wakes nobody",
        );
    }
}

#[test]
fn a_try_acquire_at_any_step_of_a_release_takes_the_permit_that_is_there() {
    for step in 0.. {
        let scene = Scene::with(1);
        let steps = Steps::stopping_before(step);
        let releaser = scene.spawn("releaser", &steps, release_one);
        let reached = steps.reached_the_stop();
        let of_trier = Steps::recorded();
        let trier = scene.spawn("trier", &of_trier, try_acquire);
        steps.go_on();
        scene.finish(releaser, &steps, "`release` never waits for anybody");
        let taken = scene.finish(trier, &of_trier, "`try_acquire` never waits for a permit");
        require!(taken,
            expected: "try_acquire to take a permit: at no moment was there none",
            seen: "it returned None, when a release was about to take its step {step}; its steps were\n{of_trier}",
            likely: "Mutex::try_lock: that the mutex is busy does not mean that no permit is free",
            read: "README, the task",
        );
        if !reached {
            break;
        }
    }
}
