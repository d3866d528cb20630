//! Misconception: a mutex that is held only for a moment holds up nobody.
//! Kind: evasion
//! Caught by: a_clerk_who_stops_in_the_middle_is_in_nobodys_way::stopped_1_deposit::going_1_deposit
//! Message: a lock, or a flag that works like one

use crate::sync::Mutex;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// Money in a drawer, and the highest amount that was ever recorded.
#[derive(Debug)]
pub struct Till {
    balance: AtomicU64,
    highest: AtomicU64,
    door: Mutex<()>,
}

impl Till {
    /// A till with this much money in it, and nothing recorded (0).
    pub const fn new(balance: u64) -> Self {
        Self { balance: AtomicU64::new(balance), highest: AtomicU64::new(0), door: Mutex::new(()) }
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
        let _inside = self.door.lock().unwrap();
        self.balance.fetch_add(amount, Relaxed) + amount
    }

    /// Takes `amount` out if there is enough, and says whether it did.
    pub fn withdraw(&self, amount: u64) -> bool {
        let _inside = self.door.lock().unwrap();
        let balance = self.balance.load(Relaxed);
        let paid = balance >= amount;
        if paid {
            self.balance.store(balance - amount, Relaxed);
        }
        paid
    }

    /// Records `amount`, and says whether it is higher than all that was recorded before.
    pub fn record(&self, amount: u64) -> bool {
        self.highest.fetch_max(amount, Relaxed) < amount
    }
}
