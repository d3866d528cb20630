//! What a till promises to one clerk, easiest first. `protocol.rs` is about two.

use std::sync::Arc;

use lost_update::Till;
use rstest::rstest;
use testkit::require;
use testkit::threads::Threads;

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("clerk", body).join(
        "the loop ends only when another thread changes something, and there is no other thread",
        "hint 3",
    )
}

#[rstest]
#[case::empty(0)]
#[case::with_ten(10)]
fn a_new_till_holds_what_it_was_given(#[case] balance: u64) {
    let till = Till::new(balance);
    let (held, highest) = (till.balance(), till.highest());
    require!((held, highest) == (balance, 0),
        expected: "new({balance}) to make a till with {balance} in it and nothing recorded",
        seen: "balance() returned {held}, highest() returned {highest}",
        likely: "the two numbers are mixed up",
        read: "README, the task",
    );
}

#[test]
fn a_deposit_adds_and_returns_the_new_balance() {
    let (receipt, balance) = on_a_thread(|| {
        let till = Till::new(10);
        (till.deposit(5), till.balance())
    });
    require!(balance == 15,
        expected: "15 to be in the till after 5 were put to 10",
        seen: "balance() returned {balance}",
        likely: "the amount replaces the balance, or is put into the other number",
        read: "README, the task",
    );
    require!(receipt == 15,
        expected: "deposit to return 15, the balance that it made",
        seen: "it returned {receipt}",
        likely: "`fetch_add` returns the value *before* the addition",
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU64.html#method.fetch_add",
    );
}

#[rstest]
#[case::a_part(10, 3, 7)]
#[case::all_of_it(10, 10, 0)]
#[case::nothing(10, 0, 10)]
#[case::nothing_of_nothing(0, 0, 0)]
#[case::one_of_all_the_money_in_the_world(u64::MAX, 1, u64::MAX - 1)]
fn a_withdrawal_takes_what_is_there(#[case] start: u64, #[case] amount: u64, #[case] left: u64) {
    let (paid, balance) = on_a_thread(move || {
        let till = Till::new(start);
        (till.withdraw(amount), till.balance())
    });
    require!(paid,
        expected: "withdraw({amount}) to succeed when {start} is there",
        seen: "it returned false",
        likely: "a till may be emptied: `<` where `<=` belongs; or a weak compare_exchange without a loop; or the balance is taken for an i64, which has room for half as much",
        read: "README, the task; hint 3",
    );
    require!(balance == left,
        expected: "{left} to be left of {start}",
        seen: "balance() returned {balance}",
        likely: "`withdraw` says yes, and takes something else",
        read: "README, the task",
    );
}

#[rstest]
#[case::one_too_many(10, 11)]
#[case::out_of_an_empty_till(0, 1)]
#[case::all_the_money_in_the_world(10, u64::MAX)]
fn a_withdrawal_of_more_than_there_is_changes_nothing(#[case] start: u64, #[case] amount: u64) {
    let (paid, balance) = on_a_thread(move || {
        let till = Till::new(start);
        (till.withdraw(amount), till.balance())
    });
    require!(!paid && balance == start,
        expected: "withdraw({amount}) to be refused, and {start} to stay in the till",
        seen: "it returned {paid}, and balance() returned {balance}",
        likely: "`fetch_sub` asks nobody: below zero it goes on from u64::MAX",
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU64.html#method.fetch_sub",
    );
}

#[rstest]
#[case::of_one_byte(0xff)]
#[case::one_more_than_a_byte(0x100)]
#[case::of_two_bytes(0xffff)]
#[case::one_more_than_two_bytes(0x1_0000)]
#[case::of_four_bytes(0xffff_ffff)]
#[case::one_more_than_four_bytes(0x1_0000_0000)]
#[case::the_largest(u64::MAX)]
fn an_amount_may_be_any_number(#[case] amount: u64) {
    let answers = on_a_thread(move || {
        let till = Till::new(0);
        let deposited = (till.deposit(amount), till.balance());
        let recorded = (till.record(amount - 1), till.record(amount), till.highest());
        (deposited, recorded, (till.withdraw(amount), till.balance()))
    });
    let right = ((amount, amount), (true, true, amount), (true, 0));
    require!(answers == right,
        expected: "{right:?} from deposit and balance, from record of one less, record and highest, from withdraw and balance, each with {amount}",
        seen: "{answers:?}",
        likely: "the amount is kept in fewer than 64 bits on its way, or in an i64",
        read: "README, the task",
    );
}

#[rstest]
#[case::rising(&[3, 5], 5)]
#[case::falling(&[5, 3], 5)]
#[case::up_and_down(&[2, 7, 4], 7)]
fn the_highest_record_stays(#[case] amounts: &'static [u64], #[case] expected: u64) {
    let highest = on_a_thread(move || {
        let till = Till::new(0);
        for &amount in amounts {
            till.record(amount);
        }
        till.highest()
    });
    require!(highest == expected,
        expected: "{expected} to be the highest of {amounts:?}",
        seen: "highest() returned {highest}",
        likely: "the last amount replaces the highest one",
        read: "README, the task",
    );
}

#[rstest]
#[case::the_first(&[5], true)]
#[case::a_higher_one(&[5, 6], true)]
#[case::the_same_again(&[5, 5], false)]
#[case::a_lower_one(&[5, 4], false)]
#[case::nothing(&[0], false)]
fn a_record_says_whether_it_is_the_highest_yet(
    #[case] amounts: &'static [u64],
    #[case] expected: bool,
) {
    let answer = on_a_thread(move || {
        let till = Till::new(0);
        amounts.iter().map(|&amount| till.record(amount)).last()
    });
    require!(answer == Some(expected),
        expected: "the last record of {amounts:?} to return {expected}",
        seen: "it returned {answer:?}",
        likely: "`fetch_max` returns the value *before*; a record is higher than that, not as high",
        read: "https://doc.rust-lang.org/std/sync/atomic/struct.AtomicU64.html#method.fetch_max",
    );
}

#[test]
fn balance_and_record_have_nothing_to_do_with_each_other() {
    let (balance, highest) = on_a_thread(|| {
        let till = Till::new(1);
        till.record(50);
        till.deposit(2);
        till.withdraw(1);
        (till.balance(), till.highest())
    });
    require!((balance, highest) == (2, 50),
        expected: "2 in the till and 50 as the highest amount",
        seen: "{balance} and {highest}",
        likely: "one number is used for both",
        read: "README, the task",
    );
}

/// Not the test for anything in particular: a heap of luck on top of the others.
#[test]
fn many_clerks_lose_nothing() {
    let till = Arc::new(Till::new(0));
    let threads = Threads::new();
    let clerks: Vec<_> = (1..=4)
        .map(|i| {
            let till = Arc::clone(&till);
            threads.spawn(&format!("clerk {i}"), move || {
                for round in 0..500 {
                    till.deposit(2);
                    assert!(till.withdraw(1), "there is enough: each takes less than it brings");
                    till.record(round * i);
                }
            })
        })
        .collect();
    for clerk in clerks {
        clerk.join("see protocol.rs first", "README, the task");
    }
    assert_eq!((till.balance(), till.highest()), (2000, 1996));
}
