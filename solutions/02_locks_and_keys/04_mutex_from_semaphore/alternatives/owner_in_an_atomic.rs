//! The owner's number is an atomic, which no lock guards.
//!
//! Each thread asks only one thing of it: is it my number? Only the thread itself puts its number there and takes
//! it away, so it finds its own number there if and only if it is the owner, whatever the ordering is. Everything else
//! is written and read by the owner alone, and the semaphore orders one owner's work before the next one's.

use crate::answer::{Acquired, NotOwner, WouldDeadlock};
use crate::semaphore::Semaphore;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{thread, thread_id};

const NOBODY: u64 = 0;

/// A mutex that is one semaphore, and nothing else.
#[derive(Debug)]
pub struct SemaphoreMutex {
    semaphore: Semaphore,
}

impl SemaphoreMutex {
    /// An unlocked mutex.
    pub fn new() -> Self {
        Self { semaphore: Semaphore::new(1) }
    }

    /// Takes the lock; sleeps until it can be taken.
    pub fn lock(&self) {
        self.semaphore.acquire();
    }

    /// Takes the lock if it is free, and says whether it did; never waits for it.
    pub fn try_lock(&self) -> bool {
        self.semaphore.try_acquire()
    }

    /// Gives a permit to the semaphore, whoever calls it, and whether or not anybody has the lock.
    pub fn unlock(&self) {
        self.semaphore.release();
    }
}

/// A mutex with an owner: the thread that has taken it and has not unlocked it yet.
#[derive(Debug)]
pub struct CheckedMutex {
    permit: SemaphoreMutex,
    owner: AtomicU64,
    was_panicking: AtomicBool,
    is_poisoned: AtomicBool,
}

impl CheckedMutex {
    /// An unlocked mutex without an owner, not poisoned.
    pub fn new() -> Self {
        Self {
            permit: SemaphoreMutex::new(),
            owner: AtomicU64::new(NOBODY),
            was_panicking: AtomicBool::new(false),
            is_poisoned: AtomicBool::new(false),
        }
    }

    /// Takes the lock; sleeps while another thread has it. If the caller has it: an error, at once.
    pub fn lock(&self) -> Result<Acquired, WouldDeadlock> {
        if self.is_mine() {
            return Err(WouldDeadlock);
        }
        self.permit.lock();
        Ok(self.enter())
    }

    /// Takes the lock if it is free, or `None`: another thread or the caller has it. Never waits.
    pub fn try_lock(&self) -> Option<Acquired> {
        self.permit.try_lock().then(|| self.enter())
    }

    /// Frees the lock, and poisons it if the owner panics. Not the owner: changes nothing.
    pub fn unlock(&self) -> Result<(), NotOwner> {
        if !self.is_mine() {
            return Err(NotOwner);
        }
        if thread::panicking() && !self.was_panicking.load(Ordering::Relaxed) {
            self.is_poisoned.store(true, Ordering::Relaxed);
        }
        self.owner.store(NOBODY, Ordering::Relaxed);
        self.permit.unlock();
        Ok(())
    }

    /// The owner has repaired what the lock guards. Not the owner: changes nothing.
    pub fn clear_poison(&self) -> Result<(), NotOwner> {
        if !self.is_mine() {
            return Err(NotOwner);
        }
        self.is_poisoned.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == thread_id()
    }

    /// The caller has the permit.
    fn enter(&self) -> Acquired {
        self.owner.store(thread_id(), Ordering::Relaxed);
        self.was_panicking.store(thread::panicking(), Ordering::Relaxed);
        if self.is_poisoned.load(Ordering::Relaxed) { Acquired::Poisoned } else { Acquired::Clean }
    }
}
