//! Misconception: a flag that is turned by compare_exchange is no lock.
//! Kind: evasion
//! Caught by: a_clerk_who_stops_in_the_middle_is_in_nobodys_way::stopped_1_deposit::going_1_deposit
//! Message: a lock, or a flag that works like one

use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicBool, AtomicU64};
use crate::sync::hint;

/// Money in a drawer, and the highest amount that was ever recorded.
#[derive(Debug)]
pub struct Till {
    balance: AtomicU64,
    highest: AtomicU64,
    busy: AtomicBool,
}

impl Till {
    /// A till with this much money in it, and nothing recorded (0).
    pub const fn new(balance: u64) -> Self {
        Self {
            balance: AtomicU64::new(balance),
            highest: AtomicU64::new(0),
            busy: AtomicBool::new(false),
        }
    }

    /// How much money is in the till.
    pub fn balance(&self) -> u64 {
        self.balance.load(Relaxed)
    }

    /// The highest amount recorded.
    pub fn highest(&self) -> u64 {
        self.highest.load(Relaxed)
    }

    /// Puts `amount` in; returns the balance that this deposit made.
    pub fn deposit(&self, amount: u64) -> u64 {
        self.alone(|| {
            let balance = self.balance.load(Relaxed) + amount;
            self.balance.store(balance, Relaxed);
            balance
        })
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    pub fn withdraw(&self, amount: u64) -> bool {
        self.alone(|| {
            let balance = self.balance.load(Relaxed);
            let paid = balance >= amount;
            if paid {
                self.balance.store(balance - amount, Relaxed);
            }
            paid
        })
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        self.highest.fetch_max(amount, Relaxed) < amount
    }

    fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        while self.busy.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            hint::spin_loop();
        }
        let result = work();
        self.busy.store(false, Release);
        result
    }
}
