//! What holds however weak the memory orderings are: `src/till.rs` under loom.
//!
//! A load may return an old value here. An operation that reads and writes in one never works on an
//! old value: it reads the last value before its own write. So `Relaxed` is enough for a till.

#[allow(dead_code)]
#[path = "../src/till.rs"]
mod till;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::sync::Arc;

use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::thread;
use till::Till;

/// What each clerk does.
type Act<T> = fn(&Till) -> T;

/// Two clerks, each of whom does one thing; what they were told.
fn two_clerks<A, B>(till: &Arc<Till>, first: Act<A>, second: Act<B>) -> (A, B)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let (one, other) = (Arc::clone(till), Arc::clone(till));
    let anna = thread::spawn_as("Anna", move || first(&one));
    let bert = thread::spawn_as("Bert", move || second(&other));
    (anna.join().unwrap(), bert.join().unwrap())
}

#[test]
fn of_two_deposits_both_count_in_weak_memory() {
    let expect = Expect {
        expected: "two deposits of 1 into an empty till to make 2",
        likely: "a load and a store are two operations, whatever their ordering",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        let (anna, bert) = two_clerks(&till, |till| till.deposit(1), |till| till.deposit(1));
        assert_eq!(till.balance(), 2, "what two deposits of 1 make");
        assert_eq!(anna + bert, 3, "the two receipts, 1 and 2");
    });
}

#[test]
fn a_withdrawal_takes_from_what_is_there_now() {
    let expect = Expect {
        expected: "one of two withdrawals of 5 out of 5 to be refused",
        likely: "the check and the taking are two operations, whatever their ordering",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(5));
        let (anna, bert) = two_clerks(&till, |till| till.withdraw(5), |till| till.withdraw(5));
        assert!(anna != bert, "one is paid, the other is not: Anna {anna}, Bert {bert}");
        assert_eq!(till.balance(), 0, "what is left of 5");
    });
}

#[test]
fn the_higher_of_two_records_stays_in_weak_memory() {
    let expect = Expect {
        expected: "9 to be the highest of 5 and 9, whoever comes first",
        likely: "the comparison and the store are two operations, whatever their ordering",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        two_clerks(&till, |till| till.record(5), |till| till.record(9));
        assert_eq!(till.highest(), 9, "the higher one of 5 and 9");
    });
}
