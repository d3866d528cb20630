//! A till that any number of clerks use at the same time, without a lock.
//!
//! Why it works: whatever changes a number reads it in the same operation, so nothing can happen
//! between the look and the change. Addition and maximum exist as such operations. "Subtract if there
//! is enough" does not; there, the change is made only if the number is still the one that was looked
//! at (`compare_exchange`), and otherwise all is decided again from what is there now.
//!
//! The answers come from the same operations: each returns the value that it found. A second look
//! would find what others have done since.
//!
//! `Relaxed` is enough. An operation that reads and writes always reads the last value before its own
//! write, under any ordering; stronger ones would say something about *other* memory, and there is
//! none that goes with these numbers.

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
    ///
    /// All that is ever in the till fits into a `u64`.
    pub fn deposit(&self, amount: u64) -> u64 {
        self.balance.fetch_add(amount, Relaxed) + amount
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    ///
    /// A refused withdrawal changes nothing, not even for a moment.
    pub fn withdraw(&self, amount: u64) -> bool {
        let mut seen = self.balance.load(Relaxed);
        loop {
            let Some(left) = seen.checked_sub(amount) else {
                return false;
            };
            // Weak: it may fail for no reason, which costs one more round and nothing else.
            match self.balance.compare_exchange_weak(seen, left, Relaxed, Relaxed) {
                Ok(_) => return true,
                // Somebody was faster. That is no refusal: there may still be enough.
                Err(now) => seen = now,
            }
        }
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        self.highest.fetch_max(amount, Relaxed) < amount
    }
}
