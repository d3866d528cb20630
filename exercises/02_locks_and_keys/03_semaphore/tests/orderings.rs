//! What a permit's next holder sees of what the last one did.
//!
//! `src/semaphore.rs` is compiled here with atomics that are as weak as the memory model allows, for
//! semaphores that are built on atomics. A mutex orders everything by itself.

#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use schedules::loom::explore;
use schedules::{Expect, Explains};
use semaphore::Semaphore;
use sync::UnsafeCell;
use sync::thread::spawn_as;

#[test]
fn who_takes_the_permit_sees_what_the_last_holder_wrote() {
    let expect = Expect {
        expected: "everything that one holder did to happen before everything that the next one does",
        likely: "the operation that takes the permit is not an Acquire, or the one that gives it back is not a Release",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let kitchen = Arc::new(UnsafeCell::new(0));
        for name in ["T1", "T2"] {
            let (semaphore, kitchen) = (Arc::clone(&semaphore), Arc::clone(&kitchen));
            spawn_as(name, move || {
                let _permit = semaphore.acquire();
                kitchen.set(kitchen.get() + 1);
            });
        }
    });
}
