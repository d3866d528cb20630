//! Two mutexes: a semaphore with one permit, and one that knows its owner.

use crate::answer::{Acquired, NotOwner, WouldDeadlock};
// use crate::semaphore::Semaphore;
// use crate::sync::{Mutex, thread, thread_id};

/// A mutex that is one semaphore, and nothing else.
#[derive(Debug)]
pub struct SemaphoreMutex {}

impl SemaphoreMutex {
    /// An unlocked mutex.
    pub fn new() -> Self {
        todo!("how many permits does a semaphore have that lets one thread in?")
    }

    /// Takes the lock; sleeps until it can be taken.
    pub fn lock(&self) {
        todo!("which call of the semaphore is this?")
    }

    /// Takes the lock if it is free, and says whether it did; never waits for it.
    pub fn try_lock(&self) -> bool {
        todo!("which call of the semaphore is this?")
    }

    /// Gives a permit to the semaphore, whoever calls it, and whether or not anybody has the lock.
    pub fn unlock(&self) {
        todo!("which call of the semaphore is this?")
    }
}

/// A mutex with an owner: the thread that has taken it and has not unlocked it yet.
#[derive(Debug)]
pub struct CheckedMutex {}

impl CheckedMutex {
    /// An unlocked mutex without an owner, not poisoned.
    pub fn new() -> Self {
        todo!("what has to be remembered beside the permit?")
    }

    /// Takes the lock; sleeps while another thread has it. If the caller has it: an error, at once.
    pub fn lock(&self) -> Result<Acquired, WouldDeadlock> {
        todo!("refuse the owner, wait for the permit, then note who has it")
    }

    /// Takes the lock if it is free, or `None`: another thread or the caller has it. Never waits.
    pub fn try_lock(&self) -> Option<Acquired> {
        todo!("as `lock`, without waiting")
    }

    /// Frees the lock, and poisons it if the owner panics. Not the owner: changes nothing.
    pub fn unlock(&self) -> Result<(), NotOwner> {
        todo!("refuse all but the owner; what must be done before the permit is back?")
    }

    /// The owner has repaired what the lock guards. Not the owner: changes nothing.
    pub fn clear_poison(&self) -> Result<(), NotOwner> {
        todo!("refuse all but the owner")
    }
}
