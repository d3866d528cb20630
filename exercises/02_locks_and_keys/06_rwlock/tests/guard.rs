//! Your lock with a value behind it, as a program uses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rwlock::RwLock;
use testkit::require;
use testkit::threads::Threads;

/// Runs `body` on a thread of its own, so that a lock that sleeps for ever is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join("see tests/rwlock.rs first", "README, the task")
}

#[test]
fn what_a_writer_writes_readers_read() {
    let values = on_a_thread(|| {
        let lock = RwLock::new(1);
        *lock.write() += 1;
        *lock.write() += 1;
        let (first, second) = (lock.read(), lock.try_read());
        (*first, second.map(|guard| *guard))
    });
    assert_eq!(values, (3, Some(3)), "1, and twice 1 more, read by two at once");
}

#[test]
fn a_panic_of_the_writer_unlocks() {
    let taken = on_a_thread(|| {
        let lock = RwLock::new(());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.write();
            panic!("the writer panics (on purpose)");
        }));
        assert!(panicked.is_err());
        lock.try_read().is_some()
    });
    require!(taken,
        expected: "the lock to be free after the panic: the guard's drop called unlock_write",
        seen: "try_read returned None",
        likely: "see tests/rwlock.rs first",
        read: "README, the task",
    );
}

/// `const fn new` makes it possible.
static EVERYBODYS: RwLock<u32> = RwLock::new(40);

#[test]
fn a_lock_can_be_a_static() {
    let value = on_a_thread(|| {
        *EVERYBODYS.write() += 2;
        *EVERYBODYS.read()
    });
    assert_eq!(value, 42, "40, and 2 more");
}

#[test]
fn the_counts_of_many_threads_add_up() {
    let sum = Arc::new(RwLock::new(0));
    let threads = Threads::new();
    let workers: Vec<_> = (0..4)
        .map(|i| {
            let sum = Arc::clone(&sum);
            threads.spawn(&format!("worker {i}"), move || {
                for _ in 0..500 {
                    let before = *sum.read();
                    *sum.write() += 1;
                    assert!(*sum.read() > before, "a sum only grows");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join("see tests/rwlock.rs first", "README, the task");
    }
    assert_eq!(*sum.read(), 2000, "4 threads, 500 times 1 more");
}
