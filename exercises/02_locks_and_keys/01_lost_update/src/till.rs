//! A till that any number of clerks use at the same time, without a lock.

use crate::sync::atomic::AtomicU64;
// use crate::sync::atomic::Ordering;

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
        todo!("what does {:?} hold?", self.balance)
    }

    /// The highest amount recorded.
    pub fn highest(&self) -> u64 {
        todo!("what does {:?} hold?", self.highest)
    }

    /// Puts `amount` in; returns the balance that this deposit made.
    ///
    /// At no time there is more in the till than a `u64` holds.
    pub fn deposit(&self, amount: u64) -> u64 {
        todo!("add {amount} to {:?}: is there one operation for it?", self.balance)
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    ///
    /// A refused withdrawal changes nothing, not even for a moment.
    pub fn withdraw(&self, amount: u64) -> bool {
        todo!("is {amount} there, and is it still there when you take it? {:?}", self.balance)
    }

    /// Records `amount`, and says whether it is higher than `highest` was. (0 never is.)
    pub fn record(&self, amount: u64) -> bool {
        todo!("keep the higher one of {amount} and {:?}", self.highest)
    }
}
