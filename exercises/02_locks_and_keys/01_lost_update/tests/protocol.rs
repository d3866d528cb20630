//! What holds in every schedule: `src/till.rs` under shuttle, two clerks at one till.

#[allow(dead_code)]
#[path = "../src/till.rs"]
mod till;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;

use schedules::shuttle::{explore, explore_programs};
use schedules::{Expect, Explains, Operation, Trial};
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
fn of_two_deposits_both_count() {
    let expect = Expect {
        expected: "two deposits of 1 into an empty till to make 2",
        likely: "a load and a store are two operations, and the other clerk's deposit in between is overwritten; or a compare_exchange that failed is tried again with the same old look, and so for ever",
        explains: Explains::AllThatIsStuck,
        read: "hint 1",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        two_clerks(&till, |till| till.deposit(1), |till| till.deposit(1));
        assert_eq!(till.balance(), 2, "what two deposits of 1 make");
    });
}

#[test]
fn every_deposit_has_a_receipt_of_its_own() {
    let expect = Expect {
        expected: "of two deposits of 1, one to return 1 and the other one 2",
        likely: "the receipt is read by a second operation, and the other clerk's deposit came in between",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        let (anna, bert) = two_clerks(&till, |till| till.deposit(1), |till| till.deposit(1));
        assert_eq!(anna.min(bert), 1, "the receipt of the first deposit");
        assert_eq!(anna.max(bert), 2, "the receipt of the second deposit");
    });
}

#[test]
fn what_is_there_is_paid_out_to_one_clerk_alone() {
    let expect = Expect {
        expected: "a withdrawal of 3 out of 10 to succeed when nobody else is there",
        likely: "compare_exchange_weak now and then fails even when the value is the expected one: that is no refusal, try again",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Till::new(10);
        assert!(till.withdraw(3), "3 are there");
        assert_eq!(till.balance(), 7, "what is left of 10");
    });
}

#[test]
fn a_deposit_is_no_reason_to_refuse_a_withdrawal() {
    let expect = Expect {
        expected: "a withdrawal of 3 out of 10 to be paid, whatever is deposited meanwhile",
        likely: "a compare_exchange fails when the balance has changed: that is no refusal, and it will not succeed with the old look either; decide again from what is there now",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let (paid, _) = two_clerks(&till, |till| till.withdraw(3), |till| till.deposit(5));
        assert!(paid, "3 are there all the time");
    });
}

#[test]
fn a_deposit_beside_a_withdrawal_counts() {
    let expect = Expect {
        expected: "10, and 5 more, and 3 less, to make 12",
        likely: "the new balance is computed from an old look and stored over what came since",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        two_clerks(&till, |till| till.deposit(5), |till| till.withdraw(3));
        assert_eq!(till.balance(), 12, "what is in the till");
    });
}

#[test]
fn the_last_money_is_paid_out_once() {
    let expect = Expect {
        expected: "one of two withdrawals of 5 out of 5 to be refused",
        likely: "the check and the taking are two operations: what was checked is not what is taken from",
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
fn who_finds_enough_is_paid() {
    let expect = Expect {
        expected: "two withdrawals of 3 out of 10 to succeed: at every moment there is enough",
        likely: "a compare_exchange fails when the balance has changed: that is no refusal, and it will not succeed with the old look either; decide again from what is there now",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let (anna, bert) = two_clerks(&till, |till| till.withdraw(3), |till| till.withdraw(3));
        assert!(anna && bert, "both are paid: Anna {anna}, Bert {bert}");
        assert_eq!(till.balance(), 4, "what is left of 10");
    });
}

#[test]
fn two_withdrawals_may_take_all() {
    let expect = Expect {
        expected: "two withdrawals of 3 out of 6 to succeed, and nothing to be left",
        likely: "after a compare_exchange that failed, the check differs from the first one: `>` where `>=` belongs; decide by the same line every time",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(6));
        let (anna, bert) = two_clerks(&till, |till| till.withdraw(3), |till| till.withdraw(3));
        assert!(anna && bert, "both are paid: Anna {anna}, Bert {bert}");
        assert_eq!(till.balance(), 0, "what is left of 6");
    });
}

#[test]
fn who_is_overtaken_twice_is_paid() {
    let expect = Expect {
        expected: "a withdrawal of 3 out of 10 to be paid, whatever is deposited meanwhile, however often",
        likely: "the second try is the last one: others may be faster any number of times; try until it succeeds, or until there is not enough",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let deposits = |till: &Till| (till.deposit(1), till.deposit(1));
        let (paid, _) = two_clerks(&till, |till| till.withdraw(3), deposits);
        assert!(paid, "3 are there all the time");
        assert_eq!(till.balance(), 9, "what is in the till");
    });
}

#[test]
fn what_is_compared_is_what_was_decided_from() {
    let expect = Expect {
        expected: "10, less 3, and 5 that come and go again, to make 7",
        likely: "the new balance is computed from one look, and compare_exchange (or fetch_update) compares with another one: 10, then 15, then 10 again; use the value that the closure is given",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let comes_and_goes = |till: &Till| {
            till.deposit(5);
            till.withdraw(5)
        };
        let (anna, bert) = two_clerks(&till, |till| till.withdraw(3), comes_and_goes);
        assert!(anna && bert, "both are paid: Anna {anna}, Bert {bert}");
        assert_eq!(till.balance(), 7, "what is in the till");
    });
}

#[test]
fn a_refused_withdrawal_is_seen_by_nobody() {
    let expect = Expect {
        expected: "the balance to be 3 all the time, when 5 are asked for and refused",
        likely: "the money is taken first and given back when it was not enough",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(3));
        let (paid, seen) = two_clerks(&till, |till| till.withdraw(5), Till::balance);
        assert!(!paid, "there are only 3");
        assert_eq!(seen, 3, "what Bert sees in the till");
    });
}

#[test]
fn who_is_refused_finds_an_empty_till() {
    let expect = Expect {
        expected: "the balance to be 0, when one of two has taken 5 out of 5 and the other was refused",
        likely: "the money is taken first, and given back when it was not enough: a look before does not help, and below zero the balance goes on from u64::MAX",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(5));
        let withdraw_and_look = |till: &Till| {
            till.withdraw(5);
            till.balance()
        };
        let (anna, bert) = two_clerks(&till, withdraw_and_look, withdraw_and_look);
        assert_eq!((anna, bert), (0, 0), "what Anna and Bert see in the till");
    });
}

#[test]
fn a_deposit_is_seen_whole_or_not_at_all() {
    let expect = Expect {
        expected: "the balance to be 10, or 15 once 5 are put in",
        likely: "one deposit is several operations, and others see what is between them",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let (_, seen) = two_clerks(&till, |till| till.deposit(5), Till::balance);
        assert!([10, 15].contains(&seen), "Bert sees {seen} in the till");
    });
}

#[test]
fn a_refused_withdrawal_is_in_nobodys_way() {
    let expect = Expect {
        expected: "a withdrawal of 3 out of 3 to succeed, beside one of 5 that is refused",
        likely: "the money is taken first and given back when it was not enough",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(3));
        let (five, three) = two_clerks(&till, |till| till.withdraw(5), |till| till.withdraw(3));
        assert!(!five, "there are never 5");
        assert!(three, "3 are there");
        assert_eq!(till.balance(), 0, "what is left of 3");
    });
}

#[test]
fn who_only_looks_is_in_nobodys_way() {
    let expect = Expect {
        expected: "a withdrawal of 3 out of 10 to be paid, while another clerk asks for the balance",
        likely: "the balance is looked at by taking it out and putting it back: `load` changes nothing",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU64.html#method.load",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(10));
        let (paid, seen) = two_clerks(&till, |till| till.withdraw(3), Till::balance);
        assert!(paid, "10 are there");
        assert!([10, 7].contains(&seen), "Bert sees {seen} in the till");
    });
}

#[test]
fn the_higher_of_two_records_stays() {
    let expect = Expect {
        expected: "9 to be the highest of 5 and 9, whoever comes first",
        likely: "the comparison and the store are two operations, and the higher amount came in between",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        two_clerks(&till, |till| till.record(5), |till| till.record(9));
        assert_eq!(till.highest(), 9, "the higher one of 5 and 9");
    });
}

#[test]
fn a_record_is_never_seen_to_fall() {
    let expect = Expect {
        expected: "9 to be the highest at every moment, once it is recorded",
        likely: "the lower amount is put there first, and the higher one put back later",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        till.record(9);
        let (_, seen) = two_clerks(&till, |till| till.record(5), Till::highest);
        assert_eq!(seen, 9, "what Bert sees as the highest");
    });
}

#[test]
fn of_two_equal_records_one_is_the_first() {
    let expect = Expect {
        expected: "one of two records of 7 to be told that it is the highest yet",
        likely: "the answer is looked up by one operation, and the record made by another",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        let (anna, bert) = two_clerks(&till, |till| till.record(7), |till| till.record(7));
        assert!(anna != bert, "one of them is the first: Anna {anna}, Bert {bert}");
    });
}

#[test]
fn the_highest_is_recorded_however_often_others_are_faster() {
    let expect = Expect {
        expected: "9 to be the highest, whatever else is recorded meanwhile, however often",
        likely: "the tries are counted: others may be faster any number of times; try until it succeeds, or until the highest is as high",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let till = Arc::new(Till::new(0));
        let rising = |till: &Till| (1..=4).filter(|&amount| till.record(amount)).count();
        let (first, _) = two_clerks(&till, |till| till.record(9), rising);
        assert_eq!(till.highest(), 9, "the highest of 9 and 1 to 4");
        assert!(first, "nobody recorded as much before");
    });
}

/// What a till is when one clerk uses it after another.
#[derive(Clone)]
struct Model {
    balance: u64,
    highest: u64,
}

impl Model {
    fn withdraw(&mut self, amount: u64) -> String {
        let left = self.balance.checked_sub(amount);
        self.balance = left.unwrap_or(self.balance);
        left.is_some().to_string()
    }

    fn record(&mut self, amount: u64) -> String {
        let is_higher = amount > self.highest;
        self.highest = self.highest.max(amount);
        is_higher.to_string()
    }
}

const WITHDRAW_TEN: Operation<Model, Till> = Operation::new(
    "withdraw(10)",
    |model| Some(model.withdraw(10)),
    |till| till.withdraw(10).to_string(),
);

const WITHDRAW_SEVEN: Operation<Model, Till> = Operation::new(
    "withdraw(7)",
    |model| Some(model.withdraw(7)),
    |till| till.withdraw(7).to_string(),
);

const RECORD_THREE: Operation<Model, Till> =
    Operation::new("record(3)", |model| Some(model.record(3)), |till| till.record(3).to_string());

const RECORD_SEVEN: Operation<Model, Till> =
    Operation::new("record(7)", |model| Some(model.record(7)), |till| till.record(7).to_string());

const WITHDRAW_ALL: Operation<Model, Till> = Operation::new(
    "withdraw(balance())",
    |model| Some(model.withdraw(model.balance)),
    |till| till.withdraw(till.balance()).to_string(),
);

const DEPOSIT: Operation<Model, Till> = Operation::new(
    "deposit(5)",
    |model| {
        model.balance += 5;
        Some(model.balance.to_string())
    },
    |till| till.deposit(5).to_string(),
);

const BALANCE: Operation<Model, Till> = Operation::new(
    "balance()",
    |model| Some(model.balance.to_string()),
    |till| till.balance().to_string(),
);

const HIGHEST: Operation<Model, Till> = Operation::new(
    "highest()",
    |model| Some(model.highest.to_string()),
    |till| till.highest().to_string(),
);

#[test]
fn every_answer_is_that_of_some_order() {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "an operation is made of two, and another clerk's comes in between; or something that was noted on the way is no longer true when it is used",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: Model { balance: 10, highest: 0 },
        make: || Till::new(10),
        sequences: &[
            &[DEPOSIT],
            &[WITHDRAW_TEN],
            &[WITHDRAW_SEVEN],
            &[RECORD_THREE],
            &[RECORD_SEVEN],
            &[BALANCE],
            &[HIGHEST],
        ],
        afterwards: &[BALANCE, WITHDRAW_ALL, DEPOSIT, HIGHEST],
    };
    explore_programs(expect, trial);
}
