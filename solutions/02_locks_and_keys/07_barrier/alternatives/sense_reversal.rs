//! Sense reversal: one bit says which of two kinds of round this is, odd or even.
//!
//! That is enough, for nobody is ever more than one round behind. The count goes down to 0 and begins anew with
//! those who are members then. The last one that arrives leads; if a leave ends the round, the first one that
//! wakes does.

use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    line: Mutex<Line>,
    turned: Condvar,
}

#[derive(Debug)]
struct Line {
    members: usize,
    missing: usize,
    is_odd: bool,
    is_leader_wanted: bool,
}

impl Line {
    /// One more has arrived or left; says whether that ended the round.
    fn one_less_is_missing(&mut self) -> bool {
        self.missing -= 1;
        let is_over = self.missing == 0;
        if is_over {
            self.missing = self.members;
            self.is_odd = !self.is_odd;
        }
        is_over
    }
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        assert!(members > 0, "a barrier for nobody: nobody could arrive");
        let line = Line { members, missing: members, is_odd: false, is_leader_wanted: false };
        Self { line: Mutex::new(line), turned: Condvar::new() }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let mut line = self.line.lock().unwrap();
        let was_odd = line.is_odd;
        if line.one_less_is_missing() {
            self.turned.notify_all();
            return true;
        }
        let mut line = self.turned.wait_while(line, |line| line.is_odd == was_odd).unwrap();
        std::mem::take(&mut line.is_leader_wanted)
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        let mut line = self.line.lock().unwrap();
        line.members -= 1;
        if line.one_less_is_missing() {
            line.is_leader_wanted = true;
            self.turned.notify_all();
        }
    }
}
