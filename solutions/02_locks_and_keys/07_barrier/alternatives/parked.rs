//! A list of those who sleep, each with a word of its own: whoever ends the round takes the list and wakes them.
//!
//! Nobody compares rounds: the word that a sleeper looks at is set once. What it is set to also says who leads.
//! `park` may return for no reason, or because of an `unpark` of an earlier round, so the word is asked again.

use std::sync::Arc;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::thread::{self, Thread};

const SLEEPS: u32 = 0;
const FOLLOWS: u32 = 1;
const LEADS: u32 = 2;

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    members: usize,
    sleepers: Vec<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    thread: Thread,
    word: Arc<AtomicU32>,
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        assert!(members > 0, "a barrier for nobody: nobody could arrive");
        Self { line: Mutex::new(Line { members, sleepers: Vec::new() }) }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let word = Arc::new(AtomicU32::new(SLEEPS));
        let mut line = self.line.lock().unwrap();
        line.sleepers.push(Sleeper { thread: thread::current(), word: Arc::clone(&word) });
        Self::end_round_if_complete(&mut line);
        drop(line);
        loop {
            match word.load(Ordering::Acquire) {
                SLEEPS => thread::park(),
                told => return told == LEADS,
            }
        }
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        let mut line = self.line.lock().unwrap();
        line.members -= 1;
        Self::end_round_if_complete(&mut line);
    }

    /// Wakes all if the round is complete. Each word is set before its thread is woken.
    fn end_round_if_complete(line: &mut Line) {
        if line.sleepers.len() != line.members {
            return;
        }
        let mut word = LEADS;
        for sleeper in line.sleepers.drain(..) {
            sleeper.word.store(word, Ordering::Release);
            sleeper.thread.unpark();
            word = FOLLOWS;
        }
    }
}
