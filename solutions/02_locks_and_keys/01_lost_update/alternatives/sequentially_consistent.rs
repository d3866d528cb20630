//! The strongest ordering everywhere: more than is needed, and no less right. A failed compare_exchange is
//! followed by a new look.

use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::SeqCst;

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
        self.balance.load(SeqCst)
    }

    /// The highest amount recorded.
    pub fn highest(&self) -> u64 {
        self.highest.load(SeqCst)
    }

    /// Puts `amount` in; returns the balance that this deposit made.
    ///
    /// All that is ever in the till fits into a `u64`.
    pub fn deposit(&self, amount: u64) -> u64 {
        self.balance.fetch_add(amount, SeqCst) + amount
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    ///
    /// A refused withdrawal changes nothing, not even for a moment.
    pub fn withdraw(&self, amount: u64) -> bool {
        loop {
            let balance = self.balance.load(SeqCst);
            if balance < amount {
                return false;
            }
            let left = balance - amount;
            if self.balance.compare_exchange(balance, left, SeqCst, SeqCst).is_ok() {
                return true;
            }
        }
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        self.highest.fetch_max(amount, SeqCst) < amount
    }
}
