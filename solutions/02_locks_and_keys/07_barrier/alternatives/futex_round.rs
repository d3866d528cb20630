//! Atomics and the futex, no lock: how many are missing counts down, and the round number is slept on.
//!
//! Whoever takes the last one away from `missing` ends the round, and is alone with it then: all members that
//! are left sleep, or are about to, and nobody changes the counts before the round number moves. The last to
//! arrive is the leader; if a leave ends the round, the first sleeper to see the mark is.
//!
//! A leave lowers `members` first. The other way round, the round could end in between, and the next one would
//! wait for the member that has left.

use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use crate::sync::futex;

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    /// Those who have not left.
    members: AtomicUsize,
    /// Those of them that have not arrived in this round.
    missing: AtomicUsize,
    /// The number of this round. It wraps; a sleeper is one round behind at most.
    round: AtomicU32,
    /// A leave has ended the last round, and none of its sleepers leads yet.
    leads_nobody: AtomicBool,
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        assert!(members > 0, "a barrier for nobody: nobody could arrive");
        Self {
            members: AtomicUsize::new(members),
            missing: AtomicUsize::new(members),
            round: AtomicU32::new(0),
            leads_nobody: AtomicBool::new(false),
        }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        // Before the arrival: until then the round cannot end.
        let my_round = self.round.load(Ordering::Relaxed);
        if self.is_last() {
            self.next_round();
            return true;
        }
        while self.round.load(Ordering::Acquire) == my_round {
            futex::wait(&self.round, my_round);
        }
        self.leads_nobody.swap(false, Ordering::Relaxed)
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        self.members.fetch_sub(1, Ordering::Relaxed);
        if self.is_last() {
            self.leads_nobody.store(true, Ordering::Relaxed);
            self.next_round();
        }
    }

    /// One more has arrived or left; says whether that was the last one.
    ///
    /// Release: what this member did. Acquire, for the last one: what all others did.
    fn is_last(&self) -> bool {
        self.missing.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn next_round(&self) {
        self.missing.store(self.members.load(Ordering::Relaxed), Ordering::Relaxed);
        // Last of all: it lets the sleepers go on.
        self.round.fetch_add(1, Ordering::Release);
        futex::wake_all(&self.round);
    }
}
