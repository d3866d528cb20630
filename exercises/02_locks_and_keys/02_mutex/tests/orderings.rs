//! What holds in every schedule: `src/mutex.rs` under loom.

#[allow(dead_code)]
#[path = "../src/mutex.rs"]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use mutex::RawMutex;
use schedules::Expect;
use schedules::loom::explore;
use sync::{UnsafeCell, thread};

#[test]
fn two_threads_are_never_inside_together() {
    let expect = Expect {
        expected: "one thread at a time between lock and unlock",
        likely: "the look and the taking are two operations, and another thread came in between",
        read: "hint 1",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        let inside = Arc::new(UnsafeCell::new(0));
        let workers: Vec<_> = ["T1", "T2"].into_iter().map(|name| {
            let (mutex, inside) = (Arc::clone(&mutex), Arc::clone(&inside));
            thread::spawn_as(name, move || {
                mutex.lock();
                inside.set(inside.get() + 1);
                mutex.unlock();
            })
        }).collect();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(inside.get(), 2, "both have been inside");
    });
}

#[test]
fn three_threads_all_get_in() {
    let expect = Expect {
        expected: "whoever waits gets in",
        likely: "a woken waiter takes the lock with a 1, so its unlock wakes nobody",
        read: "hint 4",
    };
    explore(expect, || {
        let mutex = Arc::new(RawMutex::new());
        for name in ["T1", "T2", "T3"] {
            let mutex = Arc::clone(&mutex);
            thread::spawn_as(name, move || {
                mutex.lock();
                mutex.unlock();
            });
        }
    });
}
