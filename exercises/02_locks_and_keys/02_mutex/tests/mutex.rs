//! What a lock promises, easiest first.
//!
//! `src/mutex.rs` is compiled here with a `crate::sync` whose futex often wakes up for no reason, and
//! whose `compare_exchange_weak` often fails for none.

#[allow(dead_code)]
#[path = "../src/mutex.rs"]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use std::sync::Arc;

use mutex::RawMutex;
use rstest::rstest;
use sync::futex::{Calls, calls};
use testkit::require;
use testkit::threads::{Settled, Thread, Threads};

/// Runs `body` on a thread of its own, so that a lock that sleeps for ever is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits for a free lock: `lock` must take it at once, and `try_lock` never waits",
        "README, the task",
    )
}

/// A mutex that is locked.
#[track_caller]
fn locked() -> Arc<RawMutex> {
    on_a_thread(|| {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        mutex
    })
}

/// A thread that takes the lock and gives it back.
fn passer(threads: &Threads, name: &str, mutex: &Arc<RawMutex>) -> Thread<()> {
    let mutex = Arc::clone(mutex);
    threads.spawn(name, move || {
        mutex.lock();
        mutex.unlock();
    })
}

#[test]
fn a_new_mutex_is_free() {
    let taken = on_a_thread(|| RawMutex::new().try_lock());
    require!(taken,
        expected: "try_lock to take a lock that nobody has",
        seen: "it returned false",
        likely: "the answer of `compare_exchange` is inverted: Ok means that it made the change; or it is `compare_exchange_weak`, which may fail even when the value is the expected one",
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU32.html#method.compare_exchange",
    );
}

#[test]
fn a_locked_mutex_is_refused_without_waiting() {
    let mutex = locked();
    let threads = Threads::new();
    let trier = threads.spawn("trier", move || mutex.try_lock());
    let taken = trier
        .join("`try_lock` waits for the holder; it looks once and answers", "README, the task");
    require!(!taken,
        expected: "try_lock to return false while the lock is held",
        seen: "it returned true: two threads hold the lock",
        likely: "`lock` leaves the state at 0, or `try_lock` does not look at what it replaces",
        read: "hint 1",
    );
}

#[rstest]
#[case::once(1)]
#[case::three_times(3)]
fn an_unlocked_mutex_can_be_taken_again(#[case] rounds: usize) {
    let taken = on_a_thread(move || {
        let mutex = RawMutex::new();
        for _ in 0..rounds {
            mutex.lock();
            mutex.unlock();
        }
        mutex.try_lock()
    });
    require!(taken,
        expected: "the lock to be free after its unlock",
        seen: "try_lock returned false",
        likely: "`unlock` does not make the state 0",
        read: "hint 1",
    );
}

#[test]
fn a_lock_that_nobody_else_wants_never_calls_the_kernel() {
    let (calls, taken) = on_a_thread(|| {
        let mutex = RawMutex::new();
        let mut taken = 0;
        for _ in 0..10 {
            mutex.lock();
            mutex.unlock();
            if mutex.try_lock() {
                taken += 1;
                mutex.unlock();
            }
        }
        (calls(), taken)
    });
    require!(taken == 10,
        expected: "try_lock to take a free lock, ten times",
        seen: "{taken} times",
        likely: "`unlock` does not make the state 0, or `try_lock` refuses a free lock",
        read: "hint 1",
    );
    require!(calls == Calls::default(),
        expected: "no call of the futex: nobody waits, and nobody is to be woken",
        seen: "{calls:?} in 20 rounds of one thread alone",
        likely: "`unlock` always wakes, or `lock` leaves a 2 behind although it has not waited: it begins with a swap of a 2, or a `compare_exchange_weak` failed although the state was 0",
        read: "hint 2; futex(7)",
    );
}

#[test]
fn a_lock_sleeps_until_the_unlock() {
    let mutex = locked();
    let threads = Threads::new();
    let waiter = passer(&threads, "waiter", &mutex);
    let settled = threads.settle();
    // That it waits at all is what tests/protocol.rs looks at.
    require!(waiter.is_finished() || settled == Settled::AtRest,
        expected: "lock to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that tries again and again; or futex::wait is called with a value that the state does not have, and returns at once",
        read: "hint 3; FUTEX_WAIT(2const), in older manuals futex(2)",
    );
    mutex.unlock();
}

#[test]
fn an_unlock_wakes_one_of_many_sleepers() {
    let mutex = locked();
    let threads = Threads::new();
    let waiters: Vec<_> =
        (0..3).map(|i| passer(&threads, &format!("waiter {i}"), &mutex)).collect();
    threads.come_to_rest();
    let before = calls().woken;
    mutex.unlock();
    let woken = calls().woken - before;
    require!(woken <= 1,
        expected: "unlock to wake one of 3 sleepers: one can get in",
        seen: "it woke {woken}",
        likely: "`wake_all` wakes every sleeper: one takes the lock, the others go back to sleep",
        read: "README, the task",
    );
    for waiter in waiters {
        waiter.join(
            "a sleeper was never woken; or it was woken before the lock was free, and went back to sleep",
            "hint 4",
        );
    }
}

#[test]
fn when_the_last_waiter_has_gone_the_kernel_is_left_alone_again() {
    let mutex = locked();
    let threads = Threads::new();
    let waiter = passer(&threads, "waiter", &mutex);
    threads.come_to_rest();
    mutex.unlock();
    waiter.join(
        "`unlock` wakes nobody, or leaves the lock taken: first make the state 0, then wake",
        "hint 3",
    );
    let calls = on_a_thread(move || {
        mutex.lock();
        mutex.unlock();
        calls()
    });
    require!(calls == Calls::default(),
        expected: "no call of the futex: the waiter has had the lock and has freed it",
        seen: "{calls:?}",
        likely: "the state, or a counter, still says that somebody waits",
        read: "hint 4",
    );
}
