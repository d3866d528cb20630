//! What a thread that gets in sees of what others did.
//!
//! `src/rwlock.rs` is compiled here with atomics that are as weak as the memory model allows: a
//! `Relaxed` operation orders nothing. loom tries what each load may return. A mutex orders everything
//! by itself.

#[allow(dead_code)]
#[path = "../src/rwlock.rs"]
mod rwlock;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use rstest::rstest;
use rwlock::RawRwLock;
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::spawn_as;

/// Reads the plan, or changes it.
type Use = fn(&RawRwLock, &UnsafeCell<u32>);

fn read(lock: &RawRwLock, plan: &UnsafeCell<u32>) {
    lock.read();
    plan.get();
    lock.unlock_read();
}

fn try_read(lock: &RawRwLock, plan: &UnsafeCell<u32>) {
    if lock.try_read() {
        plan.get();
        lock.unlock_read();
    }
}

fn write(lock: &RawRwLock, plan: &UnsafeCell<u32>) {
    lock.write();
    plan.set(1);
    lock.unlock_write();
}

fn try_write(lock: &RawRwLock, plan: &UnsafeCell<u32>) {
    if lock.try_write() {
        plan.set(1);
        lock.unlock_write();
    }
}

#[rstest]
#[case::a_reader(read)]
#[case::a_reader_by_try_read(try_read)]
#[case::a_writer(write)]
#[case::a_writer_by_try_write(try_write)]
fn who_comes_after_a_writer_sees_what_it_wrote(#[case] next: Use) {
    let expect = Expect {
        expected: "everything that a writer did to happen before everything that the next thread inside does",
        likely: "`unlock_write` is not a Release, or the operation by which the next thread gets in is not an Acquire",
        explains: Explains::Invariants,
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let plan = Arc::new(UnsafeCell::new(0));
        lock.write();
        spawn_as("next", {
            let (lock, plan) = (Arc::clone(&lock), Arc::clone(&plan));
            move || next(&lock, &plan)
        });
        plan.set(2);
        lock.unlock_write();
    });
}

#[rstest]
#[case::by_write(write)]
#[case::by_try_write(try_write)]
fn a_writer_writes_after_the_reader_has_read(#[case] next: Use) {
    let expect = Expect {
        expected: "everything that a reader did to happen before everything that the next writer does",
        likely: "`unlock_read` is not a Release (a reader has nothing to hand on, but its reads must be over), or the operation by which the writer gets in is not an Acquire",
        explains: Explains::Invariants,
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let plan = Arc::new(UnsafeCell::new(0));
        lock.read();
        spawn_as("writer", {
            let (lock, plan) = (Arc::clone(&lock), Arc::clone(&plan));
            move || next(&lock, &plan)
        });
        plan.get();
        lock.unlock_read();
    });
}

#[test]
fn a_writer_writes_after_both_readers_have_read() {
    let expect = Expect {
        expected: "everything that two readers did to happen before everything that the next writer does",
        likely: "only the last reader's `unlock_read` is a Release: the writer must come after the other one's reads too",
        explains: Explains::Invariants,
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        let plan = Arc::new(UnsafeCell::new(0));
        lock.read();
        for (name, act) in [("reader", try_read as Use), ("writer", try_write)] {
            let (lock, plan) = (Arc::clone(&lock), Arc::clone(&plan));
            spawn_as(name, move || act(&lock, &plan));
        }
        plan.get();
        lock.unlock_read();
    });
}
