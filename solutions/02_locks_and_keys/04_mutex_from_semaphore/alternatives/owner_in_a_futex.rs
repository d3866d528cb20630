//! The checked mutex is a mutex on a futex, as in exercise 2.2, without a semaphore. What is behind it is the
//! owner's number, for the owner only to change.
//!
//! The word is 0 (free), 1 (locked) or 2 (locked, and somebody may sleep). Acquire and Release of the word order what
//! one owner writes before what the next one reads.

use crate::answer::{Acquired, NotOwner, WouldDeadlock};
use crate::semaphore::Semaphore;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::sync::{futex, thread, thread_id};

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
    word: AtomicU32,
    owner: AtomicU64,
    came_panicking: AtomicBool,
    poison: AtomicBool,
}

impl CheckedMutex {
    /// An unlocked mutex without an owner, not poisoned.
    pub fn new() -> Self {
        Self {
            word: AtomicU32::new(0),
            owner: AtomicU64::new(0),
            came_panicking: AtomicBool::new(false),
            poison: AtomicBool::new(false),
        }
    }

    /// Takes the lock; sleeps while another thread has it. If the caller has it: an error, at once.
    pub fn lock(&self) -> Result<Acquired, WouldDeadlock> {
        self.refuse_owner()?;
        if self.word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while self.word.swap(2, Ordering::Acquire) != 0 {
                futex::wait(&self.word, 2);
            }
        }
        Ok(self.own())
    }

    /// Takes the lock if it is free, or `None`: another thread or the caller has it. Never waits.
    pub fn try_lock(&self) -> Option<Acquired> {
        let taken = self.word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        taken.ok().map(|_| self.own())
    }

    /// Frees the lock, and poisons it if the owner panics. Not the owner: changes nothing.
    pub fn unlock(&self) -> Result<(), NotOwner> {
        self.refuse_owner().err().ok_or(NotOwner)?;
        if thread::panicking() && !self.came_panicking.load(Ordering::Relaxed) {
            self.poison.store(true, Ordering::Relaxed);
        }
        self.owner.store(0, Ordering::Relaxed);
        if self.word.swap(0, Ordering::Release) == 2 {
            futex::wake_one(&self.word);
        }
        Ok(())
    }

    /// The owner has repaired what the lock guards. Not the owner: changes nothing.
    pub fn clear_poison(&self) -> Result<(), NotOwner> {
        self.refuse_owner().err().ok_or(NotOwner)?;
        self.poison.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn refuse_owner(&self) -> Result<(), WouldDeadlock> {
        let is_owner = self.owner.load(Ordering::Relaxed) == thread_id();
        if is_owner { Err(WouldDeadlock) } else { Ok(()) }
    }

    fn own(&self) -> Acquired {
        self.owner.store(thread_id(), Ordering::Relaxed);
        self.came_panicking.store(thread::panicking(), Ordering::Relaxed);
        if self.poison.load(Ordering::Relaxed) { Acquired::Poisoned } else { Acquired::Clean }
    }
}
