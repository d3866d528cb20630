//! Your lock with a value behind it, as a program uses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mutex::Mutex;
use testkit::require;
use testkit::threads::Threads;

/// Runs `body` on a thread of its own, so that a lock that sleeps for ever is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join("see tests/mutex.rs first", "README, the task")
}

#[test]
fn what_one_guard_writes_the_next_one_reads() {
    let value = on_a_thread(|| {
        let mutex = Mutex::new(1);
        *mutex.lock() += 1;
        *mutex.lock() += 1;
        *mutex.lock()
    });
    assert_eq!(value, 3, "1, and twice 1 more");
}

#[test]
fn a_living_guard_keeps_others_out_and_a_dropped_one_lets_them_in() {
    let (while_held, after_drop) = on_a_thread(|| {
        let mutex = Mutex::new(());
        let guard = mutex.lock();
        let while_held = mutex.try_lock().is_some();
        drop(guard);
        (while_held, mutex.try_lock().is_some())
    });
    require!(!while_held && after_drop,
        expected: "try_lock to be refused while the guard lives, and not after its drop",
        seen: "taken while the guard lived: {while_held}; taken after its drop: {after_drop}",
        likely: "see tests/mutex.rs first",
        read: "README, the task",
    );
}

#[test]
fn a_panic_of_the_holder_unlocks() {
    let taken = on_a_thread(|| {
        let mutex = Mutex::new(());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = mutex.lock();
            panic!("the holder of the lock panics (on purpose)");
        }));
        assert!(panicked.is_err());
        mutex.try_lock().is_some()
    });
    require!(taken,
        expected: "the lock to be free after the panic: the guard's drop called unlock",
        seen: "try_lock returned None",
        likely: "see tests/mutex.rs first",
        read: "README, the task",
    );
}

/// `const fn new` makes it possible.
static EVERYBODYS: Mutex<u32> = Mutex::new(40);

#[test]
fn a_mutex_can_be_a_static() {
    let value = on_a_thread(|| {
        *EVERYBODYS.lock() += 2;
        *EVERYBODYS.lock()
    });
    assert_eq!(value, 42, "40, and 2 more");
}

#[test]
fn the_counts_of_many_threads_add_up() {
    let sum = Arc::new(Mutex::new(0));
    let threads = Threads::new();
    let workers: Vec<_> = (0..4)
        .map(|i| {
            let sum = Arc::clone(&sum);
            threads.spawn(&format!("worker {i}"), move || {
                for _ in 0..500 {
                    *sum.lock() += 1;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join("see tests/mutex.rs first", "README, the task");
    }
    assert_eq!(*sum.lock(), 2000, "4 threads, 500 times 1 more");
}
