//! What the next holder sees of what the last one wrote.
//!
//! `src/mutexes.rs` is compiled here with atomics that are as weak as the memory model allows. A semaphore
//! orders everything by itself; a mutex that is built on atomics has to.

#[allow(dead_code)]
#[path = "../src/answer.rs"]
mod answer;
#[allow(dead_code)]
#[path = "../src/mutexes.rs"]
mod mutexes;
#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use mutexes::CheckedMutex;
use rstest::rstest;
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::spawn_as;

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn who_takes_the_lock_sees_what_the_last_owner_wrote(#[case] take: fn(&CheckedMutex) -> bool) {
    let expect = Expect {
        expected: "everything that one owner did under the lock to happen before everything that the next one does",
        likely: "the operation that takes the lock is not an Acquire, or the one that frees it is not a Release",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, move || {
        let mutex = Arc::new(CheckedMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        let threads = [("T1", by_lock as fn(&CheckedMutex) -> bool), ("T2", take)];
        let threads = threads.map(|(name, take)| {
            let (mutex, room) = (Arc::clone(&mutex), Arc::clone(&room));
            spawn_as(name, move || {
                if take(&mutex) {
                    room.set(room.get() + 1);
                    assert!(mutex.unlock().is_ok(), "unlock refused the owner");
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(by_try_lock(&mutex), "try_lock refused a lock that all have left");
    });
}

fn by_lock(mutex: &CheckedMutex) -> bool {
    mutex.lock().is_ok()
}

fn by_try_lock(mutex: &CheckedMutex) -> bool {
    mutex.try_lock().is_some()
}
