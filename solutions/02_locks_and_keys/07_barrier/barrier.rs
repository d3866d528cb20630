//! A barrier for a number of members that meet again and again: a round number behind a mutex.
//!
//! Why it works: a member sleeps until *its round* is over, not until some number of members has arrived.
//! The count of those who have arrived belongs to the present round: it is 0 again as soon as a round ends,
//! and a fast member may already have raised it for the next one before a slow one of the last round looks.
//! The round number tells the two apart. It never comes back while somebody looks at it: without the slow
//! member, which has not arrived again, the next round cannot end. So a sleeper is one round behind at most,
//! the comparison is of equality, and a number that wraps does no harm. A single bit would do: that is the
//! barrier with *sense reversal*.
//!
//! A round can be completed in two ways, by one who arrives and by one who leaves. Both ask the same
//! question under the same mutex. And since the one who leaves is no leader, it is not the last one that
//! leads here but the first one that arrives: that is settled at once, however the round ends.

use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    line: Mutex<Line>,
    /// Notified when a round has ended.
    moved: Condvar,
}

#[derive(Debug)]
struct Line {
    /// Those who have not left.
    members: usize,
    /// Those of them that have arrived in this round.
    arrived: usize,
    /// The number of this round.
    round: usize,
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        assert!(members > 0, "a barrier for nobody: nobody could arrive");
        Self { line: Mutex::new(Line { members, arrived: 0, round: 0 }), moved: Condvar::new() }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let mut line = self.line.lock().unwrap();
        let my_round = line.round;
        let is_first = line.arrived == 0;
        line.arrived += 1;
        self.end_round_if_complete(&mut line);
        while line.round == my_round {
            line = self.moved.wait(line).unwrap();
        }
        is_first
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        // The mutex is held for a few instructions only.
        let mut line = self.line.lock().unwrap();
        line.members -= 1;
        self.end_round_if_complete(&mut line);
    }

    /// The next round begins, and everybody is woken: each of the sleepers can go on.
    ///
    /// When the last member leaves, a round of nobody ends. Nobody is there to notice.
    fn end_round_if_complete(&self, line: &mut Line) {
        if line.arrived == line.members {
            line.arrived = 0;
            line.round = line.round.wrapping_add(1);
            self.moved.notify_all();
        }
    }
}
