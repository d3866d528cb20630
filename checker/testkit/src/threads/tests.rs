use std::sync::Condvar;
use std::time::Duration;

use procfs::thread_stat;

use super::*;
use crate::sync::counted::atomic::{AtomicBool, Ordering};

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
        let own = || thread_stat(getpid().as_raw(), gettid().as_raw()).unwrap().cpu_ticks;
        let start = own();
        while own() < start + 200 {}
    };
    let threads = Threads::new();
    let worker = threads.spawn("worker", work);
    assert_eq!(threads.settle(), Settled::AtRest);
    worker.join("-", "-");
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
