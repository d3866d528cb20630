//! What a `CheckedMutex` answers. Given.

use std::error::Error;
use std::fmt;

/// What a thread is told that has just taken the lock. Either way it is the owner now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what the lock guards may be half changed"]
pub enum Acquired {
    /// Every owner before has unlocked without a panic, or the poison has been cleared.
    Clean,
    /// An owner panicked, and nobody has cleared the poison since.
    Poisoned,
}

/// The lock is not taken: the caller has it already, and would wait for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldDeadlock;

/// Nothing is changed: the caller does not have the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOwner;

impl fmt::Display for WouldDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the calling thread has locked this mutex already")
    }
}

impl fmt::Display for NotOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the calling thread has not locked this mutex")
    }
}

impl Error for WouldDeadlock {}

impl Error for NotOwner {}
