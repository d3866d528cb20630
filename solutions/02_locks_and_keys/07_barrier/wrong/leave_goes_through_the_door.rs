//! Misconception: a door that is shut until all of the last round have gone out is for everybody, also for one that leaves.
//! Kind: deadlock
//! Caught by: a_leave_does_not_wait_for_those_that_have_not_woken_yet::case_1_after_a_round_of_two
//! Message: until all members of the last round have gone out
//!
//! A barrier for a number of members that meet again and again.

use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    members: usize,
    arrived: usize,
    /// How many of the round that is over have not gone out yet. Nobody comes in before it is 0.
    going_out: usize,
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        assert!(members > 0, "a barrier needs a member");
        Self {
            state: Mutex::new(State { members, arrived: 0, going_out: 0 }),
            changed: Condvar::new(),
        }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut state = self
            .changed
            .wait_while(state, |state| state.going_out > 0)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        state.arrived += 1;
        self.end_if_complete(&mut state);
        let mut state = self
            .changed
            .wait_while(state, |state| state.going_out == 0)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        state.going_out -= 1;
        let is_last_out = state.going_out == 0;
        if is_last_out {
            self.changed.notify_all();
        }
        is_last_out
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Never
    /// waits for another member.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut state = self
            .changed
            .wait_while(state, |state| state.going_out > 0)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        state.members -= 1;
        self.end_if_complete(&mut state);
    }

    fn end_if_complete(&self, state: &mut State) {
        if state.arrived == state.members {
            state.going_out = state.arrived;
            state.arrived = 0;
            self.changed.notify_all();
        }
    }
}
