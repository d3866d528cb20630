//! What holds however weak the memory orderings are: `src/once.rs` under loom.

#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use once::Once;
use schedules::{Expect, Explains};
use schedules::loom::explore;
use sync::thread::spawn_as;

#[test]
fn two_threads_take_different_numbers_in_weak_memory() {
    let expect = Expect {
        expected: "of two calls at a time, one to take 1 and the other one 2",
        likely: "TODO: the one ordering that is too weak",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let shared = Arc::new(Once::new(1));
        let threads = ["T1", "T2"].map(|name| {
            let shared = Arc::clone(&shared);
            spawn_as(name, move || shared.take())
        });
        let [first, second] = threads.map(|thread| thread.join().unwrap());
        assert_eq!((first.min(second), first.max(second)), (1, 2), "the two numbers");
    });
}
