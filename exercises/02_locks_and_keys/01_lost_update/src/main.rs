//! The experiment: clerks at one till, first with a look and a write, then with yours.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::{env, thread};

use lost_update::Till;

const CLERKS: u64 = 4;
const DEPOSITS: u64 = 1000;

fn main() {
    if env::args().nth(1).as_deref() == Some("evidence") {
        return evidence();
    }
    // Both operations are atomic, and as strong as can be. The barrier only makes sure of what might
    // happen at any time: both clerks look before one of them writes.
    let drawer = AtomicU64::new(0);
    let both_looked = Barrier::new(2);
    thread::scope(|shop| {
        for _ in 0..2 {
            shop.spawn(|| {
                let seen = drawer.load(Ordering::SeqCst);
                both_looked.wait();
                drawer.store(seen + 1, Ordering::SeqCst);
            });
        }
    });
    println!("two clerks look, add 1 and write: the drawer holds {}", drawer.into_inner());

    let till = Till::new(0);
    thread::scope(|shop| {
        for _ in 0..CLERKS {
            shop.spawn(|| {
                for _ in 0..DEPOSITS {
                    till.deposit(1);
                }
            });
        }
    });
    println!("{CLERKS} clerks deposit 1, {DEPOSITS} times each: the till holds {}", till.balance());

    let till = Till::new(10);
    let paid = AtomicUsize::new(0);
    thread::scope(|shop| {
        for _ in 0..CLERKS {
            shop.spawn(|| {
                if till.withdraw(3) {
                    paid.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (paid, left) = (paid.into_inner(), till.balance());
    println!("{CLERKS} clerks want 3 each out of 10: {paid} are paid, {left} is left");

    thread::scope(|shop| {
        for clerk in 1..=CLERKS {
            let till = &till;
            shop.spawn(move || till.record(clerk * 100));
        }
    });
    println!("{CLERKS} clerks record 100 to 400: the highest is {}", till.highest());
}

/// How many updates are lost here and now: `checker claims` shows it.
fn evidence() {
    const UPDATES: u64 = 1_000_000;
    const DEPOSITS: u64 = 100_000;
    let (drawer, till, there) = (AtomicU64::new(0), Till::new(0), AtomicUsize::new(0));
    thread::scope(|shop| {
        for _ in 0..2 {
            shop.spawn(|| {
                // Not a barrier: one of two that are woken has a start that may last for all of its updates.
                there.fetch_add(1, Ordering::SeqCst);
                while there.load(Ordering::SeqCst) < 2 {
                    thread::yield_now();
                }
                for _ in 0..UPDATES {
                    drawer.store(drawer.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
                }
                for _ in 0..DEPOSITS {
                    till.deposit(1);
                }
            });
        }
    });
    println!("C6: lost without a lock: {}", 2 * UPDATES - drawer.into_inner());
    println!("C6: updates without a lock: {}", 2 * UPDATES);
    println!("C6: lost at the till: {}", 2 * DEPOSITS - till.balance());
    println!("C6: deposits at the till: {}", 2 * DEPOSITS);
}
