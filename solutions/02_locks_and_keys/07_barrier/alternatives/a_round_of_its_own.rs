//! Each round is an object, with its own lock and its own sleepers; the barrier holds the present one.
//!
//! A member sleeps on the round that it has arrived in, which ends once and is never used again: no number is
//! needed, and no bit. The last one to wake lets go of it. The first to arrive leads.

use std::sync::Arc;

use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    members: usize,
    arrived: usize,
    round: Arc<Round>,
}

#[derive(Debug)]
struct Round {
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Round {
    fn new() -> Arc<Self> {
        Arc::new(Self { is_over: Mutex::new(false), over: Condvar::new() })
    }

    fn end(&self) {
        *self.is_over.lock().unwrap() = true;
        self.over.notify_all();
    }

    fn wait(&self) {
        let is_over = self.is_over.lock().unwrap();
        drop(self.over.wait_while(is_over, |is_over| !*is_over).unwrap());
    }
}

impl Line {
    fn end_round_if_complete(&mut self) {
        if self.arrived == self.members {
            self.arrived = 0;
            std::mem::replace(&mut self.round, Round::new()).end();
        }
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
        Self { line: Mutex::new(Line { members, arrived: 0, round: Round::new() }) }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let mut line = self.line.lock().unwrap();
        let round = Arc::clone(&line.round);
        let is_first = line.arrived == 0;
        line.arrived += 1;
        line.end_round_if_complete();
        drop(line);
        round.wait();
        is_first
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        let mut line = self.line.lock().unwrap();
        line.members -= 1;
        line.end_round_if_complete();
    }
}
