//! Misconception: the check of the first look and that of the later ones need not be the same.
//! Caught by: two_withdrawals_may_take_all
//! Message: the check differs from the first one

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
        let mut seen = self.balance.load(Relaxed);
        if seen < amount {
            return false;
        }
        loop {
            match self.balance.compare_exchange(seen, seen - amount, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) if now > amount => seen = now,
                Err(_) => return false,
            }
        }
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        self.highest.fetch_max(amount, Relaxed) < amount
    }
}
