//! What the next holder sees of what the last one wrote.
//!
//! `src/mutex.rs` is compiled here with atomics that are as weak as the memory model allows: a
//! `Relaxed` operation orders nothing. loom tries what each load may return.

#[allow(dead_code)]
#[path = "../src/mutex.rs"]
mod mutex;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use mutex::RawMutex;
use rstest::rstest;
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::spawn_as;

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn who_takes_the_lock_sees_what_the_last_holder_wrote(#[case] take: fn(&RawMutex) -> bool) {
    let expect = Expect {
        expected: "everything that one holder did under the lock to happen before everything that the next one does",
        likely: "the operation that takes the lock is not an Acquire, or the one that frees it is not a Release",
        explains: Explains::Invariants,
        read: "hint 4; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, move || {
        let mutex = Arc::new(RawMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        for (name, take) in [("T1", by_lock as fn(&RawMutex) -> bool), ("T2", take)] {
            let (mutex, room) = (Arc::clone(&mutex), Arc::clone(&room));
            spawn_as(name, move || {
                if take(&mutex) {
                    room.set(room.get() + 1);
                    mutex.unlock();
                }
            });
        }
    });
}

fn by_lock(mutex: &RawMutex) -> bool {
    mutex.lock();
    true
}

fn by_try_lock(mutex: &RawMutex) -> bool {
    mutex.try_lock()
}
