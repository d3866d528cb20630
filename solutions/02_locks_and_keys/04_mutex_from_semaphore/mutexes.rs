//! Two mutexes: a semaphore with one permit, and one that knows its owner.
//!
//! Why it works: the one permit keeps everybody else out, and that is all that `SemaphoreMutex` has to say. A
//! `CheckedMutex` has the same permit and a note beside it: who has it. Whoever takes the permit writes its
//! name, and strikes it out *before* it gives the permit back; so the name is that of the holder, or for
//! a moment nobody's, and never that of a thread that has left. Only a thread itself writes its own name
//! and takes it away. So "is it mine?" has an answer that no other thread can change meanwhile, though "whose is
//! it?" has none.
//!
//! The note has a small lock of its own, which is never held while a thread waits for the permit: the
//! owner needs it to unlock.

use crate::answer::{Acquired, NotOwner, WouldDeadlock};
use crate::semaphore::Semaphore;
use crate::sync::{Mutex, thread, thread_id};

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
    note: Mutex<Note>,
}

/// What a semaphore does not know.
#[derive(Debug)]
struct Note {
    owner: Option<Owner>,
    is_poisoned: bool,
}

#[derive(Debug)]
struct Owner {
    thread: u64,
    /// Whether a panic was unwinding it when it took the lock: such a panic did not happen inside.
    was_panicking: bool,
}

impl CheckedMutex {
    /// An unlocked mutex without an owner, not poisoned.
    pub fn new() -> Self {
        let note = Note { owner: None, is_poisoned: false };
        Self { permit: SemaphoreMutex::new(), note: Mutex::new(note) }
    }

    /// Takes the lock; sleeps while another thread has it. If the caller has it: an error, at once.
    pub fn lock(&self) -> Result<Acquired, WouldDeadlock> {
        if self.note.lock().unwrap().is_mine() {
            return Err(WouldDeadlock);
        }
        // Until here others may have come and gone, but nobody has made the caller the owner.
        self.permit.lock();
        Ok(self.note.lock().unwrap().sign())
    }

    /// Takes the lock if it is free, or `None`: another thread or the caller has it. Never waits.
    pub fn try_lock(&self) -> Option<Acquired> {
        self.permit.try_lock().then(|| self.note.lock().unwrap().sign())
    }

    /// Frees the lock, and poisons it if the owner panics. Not the owner: changes nothing.
    pub fn unlock(&self) -> Result<(), NotOwner> {
        self.note.lock().unwrap().strike_out()?;
        // Last of all: from here on the note is the next owner's.
        self.permit.unlock();
        Ok(())
    }

    /// The owner has repaired what the lock guards. Not the owner: changes nothing.
    pub fn clear_poison(&self) -> Result<(), NotOwner> {
        let mut note = self.note.lock().unwrap();
        if !note.is_mine() {
            return Err(NotOwner);
        }
        note.is_poisoned = false;
        Ok(())
    }
}

impl Note {
    fn is_mine(&self) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.thread == thread_id())
    }

    /// The caller has the permit: it is the owner now.
    fn sign(&mut self) -> Acquired {
        self.owner = Some(Owner { thread: thread_id(), was_panicking: thread::panicking() });
        if self.is_poisoned { Acquired::Poisoned } else { Acquired::Clean }
    }

    /// The caller is about to give the permit back.
    fn strike_out(&mut self) -> Result<(), NotOwner> {
        let owner = self.owner.take_if(|owner| owner.thread == thread_id()).ok_or(NotOwner)?;
        self.is_poisoned |= thread::panicking() && !owner.was_panicking;
        Ok(())
    }
}
