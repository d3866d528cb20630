//! What a read-write lock promises, easiest first.
//!
//! `src/rwlock.rs` is compiled here with a `crate::sync` whose waits wake up for no reason, whose
//! `compare_exchange_weak` fails for none, and whose mutexes and atomics count how often they are used.

#[allow(dead_code)]
#[path = "../src/rwlock.rs"]
mod rwlock;

use testkit::sync::spurious as sync;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use rwlock::RawRwLock;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Threads};

testkit::count_allocations!();

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits although it could go on, or should be refused: `try_read` and `try_write` never wait, and `read` and `write` do not wait for a free lock",
        "README, the task",
    )
}

/// A lock on which this was done.
#[track_caller]
fn after(action: fn(&RawRwLock)) -> Arc<RawRwLock> {
    on_a_thread(move || {
        let lock = RawRwLock::new();
        action(&lock);
        Arc::new(lock)
    })
}

#[rstest]
#[case::a_reader(|lock: &RawRwLock| { lock.read(); lock.unlock_read(); })]
#[case::a_writer(|lock: &RawRwLock| { lock.write(); lock.unlock_write(); })]
fn who_comes_and_goes_uses_a_mutex_or_an_atomic_of_crate_sync(#[case] come_and_go: fn(&RawRwLock)) {
    let used = on_a_thread(move || {
        come_and_go(&RawRwLock::new());
        sync::uses()
    });
    require!(used > 0,
        expected: "at least one operation on a mutex or an atomic of crate::sync",
        seen: "{used} of them",
        likely: "`use std::sync::…` where `use crate::sync::…` belongs: the tests that try the orders in which threads can run cannot see into std::sync, and hang",
        read: "README, the task",
    );
}

#[rstest]
#[case::for_a_reader(RawRwLock::try_read)]
#[case::for_a_writer(RawRwLock::try_write)]
fn a_new_lock_is_free(#[case] get_in: fn(&RawRwLock) -> bool) {
    let came_in = on_a_thread(move || get_in(&RawRwLock::new()));
    require!(came_in,
        expected: "the try to get in: the lock is free",
        seen: "the try returned false",
        likely: "the check is inverted; or `compare_exchange_weak` fails although the value is the expected one, and the try gives up",
        read: "README, the task",
    );
}

#[rstest]
#[case::one_reader(RawRwLock::read)]
#[case::two_readers(|lock: &RawRwLock| { lock.read(); lock.read(); })]
#[case::a_reader_by_try_read(|lock: &RawRwLock| assert!(lock.try_read()))]
fn a_reader_inside_lets_readers_in_and_no_writer(#[case] enter: fn(&RawRwLock)) {
    let lock = after(enter);
    let (write, read) = on_a_thread(move || (lock.try_write(), lock.try_read()));
    require!(!write,
        expected: "try_write to be refused: a reader is inside",
        seen: "it returned true",
        likely: "a read lock that locks nothing: does `read` count the reader?",
        read: "hint 1",
    );
    require!(read,
        expected: "try_read to get in beside another reader, even after a refused try_write",
        seen: "it returned false",
        likely: "readers exclude each other, or a refused `try_write` counts as a writer that waits",
        read: "README, the task",
    );
}

#[test]
fn any_number_of_readers_gets_in() {
    // More than 16 bits hold.
    const MANY: usize = 0x1_0001;
    let (readers, write) = on_a_thread(|| {
        let lock = RawRwLock::new();
        let readers = (0..MANY).take_while(|_| lock.try_read()).count();
        (readers, lock.try_write())
    });
    require!(readers == MANY,
        expected: "{MANY} readers to get in beside each other: nobody else is there",
        seen: "try_read returned false when {readers} were inside",
        likely: "too few bits count the readers: the next one would look like a writer",
        read: "README, the picture",
    );
    require!(!write,
        expected: "try_write to be refused: {MANY} readers are inside",
        seen: "it returned true",
        likely: "too few bits count the readers: the count has come back to 0",
        read: "README, the picture",
    );
}

#[rstest]
#[case::by_write(RawRwLock::write)]
#[case::by_try_write(|lock: &RawRwLock| assert!(lock.try_write()))]
fn a_writer_inside_lets_nobody_in(#[case] enter: fn(&RawRwLock)) {
    let lock = after(enter);
    let came_in = on_a_thread(move || (lock.try_write(), lock.try_read()));
    require!(came_in == (false, false),
        expected: "try_write and try_read to be refused: a writer is inside",
        seen: "(try_write, try_read) returned {came_in:?}",
        likely: "`write` does not record that a writer is inside, or the try does not check it",
        read: "hint 1",
    );
}

#[rstest]
#[case::readers(|lock: &RawRwLock| {
    lock.read();
    lock.read();
    lock.unlock_read();
    lock.unlock_read();
})]
#[case::a_writer(|lock: &RawRwLock| {
    lock.write();
    lock.unlock_write();
})]
#[case::a_try_that_was_refused(|lock: &RawRwLock| {
    lock.write();
    lock.try_write();
    lock.try_read();
    lock.unlock_write();
})]
fn who_has_left_is_in_nobodys_way(#[case] come_and_go: fn(&RawRwLock)) {
    let lock = after(come_and_go);
    let came_in = on_a_thread(move || lock.try_write());
    require!(came_in,
        expected: "try_write to get in: everybody has left",
        seen: "it returned false",
        likely: "an unlock does not take back what the lock has recorded, or a refused try has recorded something",
        read: "hint 1",
    );
}

#[test]
fn one_of_two_readers_leaves_and_the_other_is_still_inside() {
    let lock = after(|lock| {
        lock.read();
        lock.read();
        lock.unlock_read();
    });
    let came_in = on_a_thread(move || lock.try_write());
    require!(!came_in,
        expected: "try_write to be refused: one of two readers is still inside",
        seen: "it returned true",
        likely: "a flag that somebody reads, where a count of readers belongs",
        read: "hint 1",
    );
}

#[rstest]
#[case::a_reader_for_a_writer(RawRwLock::write, RawRwLock::read, RawRwLock::unlock_write)]
#[case::a_writer_for_a_writer(RawRwLock::write, RawRwLock::write, RawRwLock::unlock_write)]
#[case::a_writer_for_a_reader(RawRwLock::read, RawRwLock::write, RawRwLock::unlock_read)]
fn who_cannot_go_on_sleeps_until_the_other_has_left(
    #[case] enter: fn(&RawRwLock),
    #[case] wait: fn(&RawRwLock),
    #[case] leave: fn(&RawRwLock),
) {
    let lock = after(enter);
    let threads = Threads::new();
    let waiter = threads.spawn("waiter", {
        let lock = Arc::clone(&lock);
        move || wait(&lock)
    });
    let settled = threads.settle();
    require!(!waiter.is_finished(),
        expected: "the thread to wait for the one that is inside",
        seen: "it got in, although its wait returned without a wake",
        likely: "`if` where a `while` belongs: after every wait, check the whole condition again; or a lock that locks nothing",
        read: "hint 2; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "the thread to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait or futex::wait",
        read: "hint 2",
    );
    on_a_thread(move || leave(&lock));
    waiter.join("the unlock wakes nobody, or a thread of the wrong side", "hint 3");
}

#[test]
fn a_reader_sleeps_while_a_writer_waits() {
    let lock = after(RawRwLock::read);
    let threads = Threads::new();
    let writer = threads.spawn("writer", {
        let lock = Arc::clone(&lock);
        move || {
            lock.write();
            lock.unlock_write();
        }
    });
    threads.come_to_rest();
    let reader = threads.spawn("reader", {
        let lock = Arc::clone(&lock);
        move || lock.read()
    });
    let settled = threads.settle();
    require!(!reader.is_finished(),
        expected: "the reader to wait for the writer that waits",
        seen: "it got in",
        likely: "a reader checks only whether a writer is inside, and not whether one waits",
        read: "README, the task",
    );
    require!(settled == Settled::AtRest,
        expected: "the reader and the writer to sleep until they are woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a reader sleeps while a writer is inside, but asks again and again while one waits: wait for both in one condition",
        read: "hint 2",
    );
    on_a_thread(move || lock.unlock_read());
    writer.join("the last `unlock_read` does not wake the writer", "hint 3");
    reader.join("`unlock_write` does not wake the reader", "hint 3");
}

#[test]
fn any_number_of_writers_waits() {
    const MANY: usize = 32;
    let lock = after(RawRwLock::read);
    let threads = Threads::new();
    let writers: Vec<_> = (0..MANY)
        .map(|i| {
            let lock = Arc::clone(&lock);
            threads.spawn(&format!("writer {i}"), move || {
                lock.write();
                lock.unlock_write();
            })
        })
        .collect();
    threads.come_to_rest();
    let came_in = on_a_thread({
        let lock = Arc::clone(&lock);
        move || lock.try_read()
    });
    require!(!came_in,
        expected: "try_read to be refused: {MANY} writers wait",
        seen: "it returned true",
        likely: "too few bits count the writers that wait: the count has come back to 0",
        read: "hint 1",
    );
    on_a_thread(move || lock.unlock_read());
    for writer in writers {
        writer.join("a writer that leaves does not wake one that waits", "hint 3");
    }
}

#[rstest]
#[case::a_reader(RawRwLock::try_read)]
#[case::a_writer(RawRwLock::try_write)]
fn when_a_writer_that_waited_has_come_and_gone_the_lock_is_free(
    #[case] get_in: fn(&RawRwLock) -> bool,
) {
    let lock = after(RawRwLock::read);
    let threads = Threads::new();
    let writer = threads.spawn("writer", {
        let lock = Arc::clone(&lock);
        move || {
            lock.write();
            lock.unlock_write();
        }
    });
    threads.come_to_rest();
    on_a_thread({
        let lock = Arc::clone(&lock);
        move || lock.unlock_read()
    });
    writer.join("the last `unlock_read` does not wake the writer", "hint 3");
    let came_in = on_a_thread(move || get_in(&lock));
    require!(came_in,
        expected: "the lock to be free: the writer that waited has come and gone",
        seen: "the try returned false",
        likely: "a writer counts itself among those who wait and never takes itself out",
        read: "hint 3",
    );
}

#[test]
fn a_reader_gets_in_after_any_number_of_writers() {
    const MANY: usize = 40;
    let lock = after(RawRwLock::write);
    let threads = Threads::new();
    let been = Arc::new(AtomicUsize::new(0));
    let writers = (0..MANY).map(|i| {
        let (lock, been) = (Arc::clone(&lock), Arc::clone(&been));
        threads.spawn(&format!("writer {i}"), move || {
            lock.write();
            been.fetch_add(1, Ordering::Relaxed);
            lock.unlock_write();
        })
    });
    let writers: Vec<_> = writers.collect();
    threads.come_to_rest();
    let reader = threads.spawn("reader", {
        let (lock, been) = (Arc::clone(&lock), Arc::clone(&been));
        move || {
            lock.read();
            let been = been.load(Ordering::Relaxed);
            lock.unlock_read();
            been
        }
    });
    threads.come_to_rest();
    let early = been.load(Ordering::Relaxed);
    assert_eq!(early, 0, "writers that got in beside the one inside");
    on_a_thread(move || lock.unlock_write());
    let before = reader.join("the last writer wakes no reader", "hint 3");
    for writer in writers {
        writer.join("a writer that leaves does not wake one that waits", "hint 3");
    }
    require!(before == MANY,
        expected: "the reader to get in after all {MANY} writers that waited",
        seen: "it got in after {before} of them",
        likely: "after some writers in a row a reader has its turn: this lock prefers writers, however many there are",
        read: "README, the task",
    );
}

#[rstest]
#[case::readers(|lock: &RawRwLock| { lock.read(); lock.unlock_read(); })]
#[case::writers(|lock: &RawRwLock| { lock.write(); lock.unlock_write(); })]
#[case::refused_tries(|lock: &RawRwLock| {
    lock.write();
    assert!(!lock.try_read() && !lock.try_write(), "a writer is inside");
    lock.unlock_write();
})]
fn nothing_is_kept_of_who_has_gone(#[case] round: fn(&RawRwLock)) {
    let growth = on_a_thread(move || {
        let lock = RawRwLock::new();
        let growth = growth(|_| round(&lock));
        assert!(lock.try_write(), "everybody has left");
        growth
    });
    let Growth { bytes, .. } = growth;
    require!(!growth.is_there(),
        expected: "after 10000 who came and went as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "everybody who comes is noted, and not everybody who leaves is struck out",
        read: "README, the task",
    );
}
