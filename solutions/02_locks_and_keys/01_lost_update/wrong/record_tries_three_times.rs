//! Misconception: three tries are enough to record an amount.
//! Caught by: the_highest_is_recorded_however_often_others_are_faster
//! Message: the tries are counted

use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// Money in a drawer, and the highest amount that was ever recorded.
#[derive(Debug)]
pub struct Till {
    balance: AtomicU64,
    highest: AtomicU64,
}

impl Till {
    /// A till with this much money in it, and nothing recorded (0).
    pub const fn new(balance: u64) -> Self {
        Self { balance: AtomicU64::new(balance), highest: AtomicU64::new(0) }
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
        self.balance.fetch_add(amount, Relaxed) + amount
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    pub fn withdraw(&self, amount: u64) -> bool {
        self.balance.fetch_update(Relaxed, Relaxed, |seen| seen.checked_sub(amount)).is_ok()
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        let mut highest = self.highest.load(Relaxed);
        for _ in 0..3 {
            if amount <= highest {
                return false;
            }
            match self.highest.compare_exchange(highest, amount, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => highest = now,
            }
        }
        false
    }
}
