//! The checked mutex is a monitor: the owner's name is itself the lock, behind a mutex, and who waits for it to
//! become nobody's sleeps on a condition variable.
//!
//! There is no permit that could differ from the name: to strike out the name is to free the lock. The thread is known
//! by its `ThreadId`.

use crate::answer::{Acquired, NotOwner, WouldDeadlock};
use crate::semaphore::Semaphore;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Condvar, Mutex, MutexGuard};

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
    slate: Mutex<Slate>,
    /// Notified when the lock is free.
    freed: Condvar,
}

#[derive(Debug)]
struct Slate {
    /// The owner, and whether it was panicking when it came.
    owner: Option<(ThreadId, bool)>,
    is_poisoned: bool,
}

impl CheckedMutex {
    /// An unlocked mutex without an owner, not poisoned.
    pub fn new() -> Self {
        Self {
            slate: Mutex::new(Slate { owner: None, is_poisoned: false }),
            freed: Condvar::new(),
        }
    }

    /// Takes the lock; sleeps while another thread has it. If the caller has it: an error, at once.
    pub fn lock(&self) -> Result<Acquired, WouldDeadlock> {
        let mut slate = self.slate();
        if slate.is_mine() {
            return Err(WouldDeadlock);
        }
        while slate.owner.is_some() {
            slate = self.freed.wait(slate).unwrap();
        }
        Ok(slate.write())
    }

    /// Takes the lock if it is free, or `None`: another thread or the caller has it. Never waits.
    pub fn try_lock(&self) -> Option<Acquired> {
        let mut slate = self.slate();
        slate.owner.is_none().then(|| slate.write())
    }

    /// Frees the lock, and poisons it if the owner panics. Not the owner: changes nothing.
    pub fn unlock(&self) -> Result<(), NotOwner> {
        let mut slate = self.slate();
        match slate.owner {
            Some((owner, was_panicking)) if owner == thread::current().id() => {
                slate.is_poisoned |= thread::panicking() && !was_panicking;
                slate.owner = None;
            }
            _ => return Err(NotOwner),
        }
        drop(slate);
        self.freed.notify_one();
        Ok(())
    }

    /// The owner has repaired what the lock guards. Not the owner: changes nothing.
    pub fn clear_poison(&self) -> Result<(), NotOwner> {
        let mut slate = self.slate();
        if slate.is_mine() {
            slate.is_poisoned = false;
            Ok(())
        } else {
            Err(NotOwner)
        }
    }

    fn slate(&self) -> MutexGuard<'_, Slate> {
        self.slate.lock().unwrap()
    }
}

impl Slate {
    fn is_mine(&self) -> bool {
        matches!(self.owner, Some((owner, _)) if owner == thread::current().id())
    }

    fn write(&mut self) -> Acquired {
        self.owner = Some((thread::current().id(), thread::panicking()));
        if self.is_poisoned { Acquired::Poisoned } else { Acquired::Clean }
    }
}
