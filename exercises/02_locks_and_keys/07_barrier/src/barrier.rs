//! A barrier for a number of members that meet again and again.

// use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    // What does a member that arrives have to know, and how does one that wakes see that its round is over?
}

impl Barrier {
    /// A barrier for this many members, from 1 to `usize::MAX`.
    ///
    /// # Panics
    ///
    /// If `members` is 0.
    pub fn new(members: usize) -> Self {
        todo!("remember that {members} members are to arrive")
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        todo!(
            "one more has arrived: end the round if it was the last one, else sleep until the round is over"
        )
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Never
    /// waits for another member.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        todo!("nobody waits for this member any more; was it the last one that was waited for?")
    }
}
