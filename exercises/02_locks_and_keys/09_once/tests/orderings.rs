//! What a reader sees of the value: `src/once.rs` with atomics that are as weak as the memory model allows.
//!
//! A `Relaxed` operation orders nothing there. loom tries what each load may return; its `crate::slot`
//! notices a `get` that nothing orders after the `put`.

#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;
#[path = "common/slot.rs"]
mod slot;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use once::OnceCell;
use rstest::rstest;
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::thread::spawn_as;

type Fill = fn(&OnceCell<u32>, u32) -> bool;
type Look = fn(&OnceCell<u32>) -> bool;

fn by_get_or_init(cell: &OnceCell<u32>, value: u32) -> bool {
    *cell.get_or_init(|| value) != 0
}

/// A set that is refused: then there is a value.
fn by_set(cell: &OnceCell<u32>, value: u32) -> bool {
    cell.set(value).is_ok() || cell.get().is_some()
}

fn by_get(cell: &OnceCell<u32>) -> bool {
    cell.get().is_none_or(|value| *value != 0)
}

fn by_another_get_or_init(cell: &OnceCell<u32>) -> bool {
    by_get_or_init(cell, 2)
}

fn by_another_set(cell: &OnceCell<u32>) -> bool {
    by_set(cell, 2)
}

#[rstest]
fn who_gets_the_value_sees_all_of_it(
    #[values(by_get_or_init, by_set)] fill: Fill,
    #[values(by_get, by_another_get_or_init, by_another_set)] look: Look,
) {
    let expect = Expect {
        expected: "the put of the value to happen before everything that is done with the value",
        likely: "the load that finds out that there is a value is not an Acquire, or the store that says so is not a Release",
        explains: Explains::Invariants,
        read: "hint 2; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, move || {
        let cell = Arc::new(OnceCell::new());
        let (fillers, lookers) = (Arc::clone(&cell), Arc::clone(&cell));
        let threads = [
            spawn_as("filler", move || fill(&fillers, 1)),
            spawn_as("reader", move || look(&lookers)),
        ];
        let seen = threads.map(|thread| thread.join().unwrap());
        assert!(seen == [true; 2], "the filler, or a set that was refused, found no value");
        assert!(cell.get().is_some(), "both have ended, and get() returned None");
    });
}

#[test]
fn a_third_thread_sees_the_value_that_a_second_one_has_seen() {
    let expect = Expect {
        expected: "the put of the value to happen before each of two threads reads it",
        likely: "the load that finds out that there is a value is not an Acquire, or the store that says so is not a Release",
        explains: Explains::Invariants,
        read: "hint 2; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let cell = Arc::new(OnceCell::new());
        let threads = ["T1", "T2", "T3"].map(|name| {
            let cell = Arc::clone(&cell);
            spawn_as(name, move || match name {
                "T3" => by_get(&cell),
                _ => by_get_or_init(&cell, 1),
            })
        });
        threads.into_iter().for_each(|thread| assert!(thread.join().unwrap(), "a wrong value"));
    });
}
