//! What a member sees after a round of what others did before it.
//!
//! `src/barrier.rs` is compiled here with atomics that are as weak as the memory model allows: a `Relaxed`
//! operation orders nothing. loom tries what each load may return. A mutex orders everything by itself.

#[allow(dead_code)]
#[path = "../src/barrier.rs"]
mod barrier;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use barrier::Barrier;
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::spawn_as;

/// What one thread does.
type Part = fn(&Barrier, &UnsafeCell<u32>);

const READ: &str = "hint 5; https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html";

#[test]
fn after_a_round_members_see_what_others_did_before_it() {
    let expect = Expect {
        expected: "everything that a member did before it arrived to happen before everything that the other one does after the round",
        likely: "the arrival is not both Release and Acquire (AcqRel), or the end of the round is not a Release store that sleepers load with Acquire",
        explains: Explains::Invariants,
        read: READ,
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(2));
        let boxes = Arc::new([0, 0].map(UnsafeCell::new));
        for (mine, name) in ["T1", "T2"].into_iter().enumerate() {
            let (barrier, boxes) = (Arc::clone(&barrier), Arc::clone(&boxes));
            spawn_as(name, move || {
                boxes[mine].set(1);
                barrier.wait();
                boxes[1 - mine].get();
            });
        }
    });
}

#[test]
fn in_the_next_round_members_see_what_others_did_after_the_last_one() {
    let expect = Expect {
        expected: "everything that a member did in one round to happen before everything that the other one does in the next",
        likely: "the count is made ready for the next round after the sleepers may go on, or by an operation that is not ordered with the next arrival",
        explains: Explains::AllThatIsStuck,
        read: READ,
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(2));
        let belt = Arc::new(UnsafeCell::new(0));
        for (turn, name) in ["T1", "T2"].into_iter().enumerate() {
            let (barrier, belt) = (Arc::clone(&barrier), Arc::clone(&belt));
            spawn_as(name, move || {
                for round in 0..2 {
                    if round == turn {
                        belt.set(1);
                    }
                    barrier.wait();
                }
            });
        }
    });
}

#[test]
fn after_a_round_the_others_see_what_a_member_did_before_it_left() {
    let expect = Expect {
        expected: "everything that a member did before it left to happen before everything that the others do after the round",
        likely: "`leave` is not a Release, or the one that ends the round does not Acquire it",
        explains: Explains::Invariants,
        read: READ,
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(2));
        let belt = Arc::new(UnsafeCell::new(0));
        spawn_as("leaver", {
            let (barrier, belt) = (Arc::clone(&barrier), Arc::clone(&belt));
            move || {
                belt.set(1);
                barrier.leave();
            }
        });
        spawn_as("waiter", move || {
            barrier.wait();
            belt.get();
        });
    });
}

#[test]
fn a_leave_that_ends_the_round_hands_on_what_those_that_had_arrived_did() {
    let expect = Expect {
        expected: "everything that one member did before it arrived to happen before everything that another one does after the round, also if a leave ends the round",
        likely: "`leave` is a Release only: the one that ends the round hands on what all others did, so it has to Acquire that first (AcqRel)",
        explains: Explains::Invariants,
        read: READ,
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(3));
        let belt = Arc::new(UnsafeCell::new(0));
        let parts: [(&str, Part); 3] = [
            ("T1", |barrier, belt| {
                belt.set(1);
                barrier.wait();
            }),
            ("T2", |barrier, belt| {
                barrier.wait();
                belt.get();
            }),
            ("leaver", |barrier, _| barrier.leave()),
        ];
        for (name, part) in parts {
            let (barrier, belt) = (Arc::clone(&barrier), Arc::clone(&belt));
            spawn_as(name, move || part(&barrier, &belt));
        }
    });
}
