//! What holds in every schedule: `src/once.rs` under shuttle.
//!
//! It is compiled here with a `crate::sync` in which a thread may be interrupted before each of its steps,
//! and in which a wait may wake up for no reason.

#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;

use once::Once;
use schedules::{Expect, Explains};
use schedules::shuttle::explore;
use sync::thread::spawn_as;

#[test]
fn two_threads_take_different_numbers() {
    let expect = Expect {
        expected: "of two calls at a time, one to take 1 and the other one 2",
        likely: "TODO: the one mistake that breaks this scenario",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let shared = Arc::new(Once::new(1));
        let threads = ["T1", "T2"].map(|name| {
            let shared = Arc::clone(&shared);
            spawn_as(name, move || shared.take())
        });
        let [first, second] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(first.min(second), 1, "the lower number");
        assert_eq!(first.max(second), 2, "the higher number");
    });
}
