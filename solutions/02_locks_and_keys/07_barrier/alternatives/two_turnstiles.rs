//! Two turnstiles, each a semaphore: one to go in by when all have arrived, one to go out by when all are in.
//!
//! Between the two nobody can lap anybody: to take a permit of the first turnstile again, a fast member has to
//! get through the second one, which opens when everybody has passed the first. A member leaves while it is not
//! in a wait, so the members of a round are the same at both.

use crate::sync::{Condvar, Mutex};

/// Where members wait for each other, round after round.
#[derive(Debug)]
pub struct Barrier {
    line: Mutex<Line>,
    way_in: Turnstile,
    way_out: Turnstile,
}

#[derive(Debug)]
struct Line {
    members: usize,
    /// Those that have arrived and are not yet on their way out.
    inside: usize,
}

/// A semaphore without permits at first.
#[derive(Debug)]
struct Turnstile {
    permits: Mutex<usize>,
    added: Condvar,
}

impl Turnstile {
    fn new() -> Self {
        Self { permits: Mutex::new(0), added: Condvar::new() }
    }

    fn let_through(&self, count: usize) {
        *self.permits.lock().unwrap() += count;
        self.added.notify_all();
    }

    fn pass(&self) {
        let permits = self.permits.lock().unwrap();
        *self.added.wait_while(permits, |permits| *permits == 0).unwrap() -= 1;
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
        let line = Mutex::new(Line { members, inside: 0 });
        Self { line, way_in: Turnstile::new(), way_out: Turnstile::new() }
    }

    /// A member arrives; sleeps until every other one has arrived in this round too, or has left. Says whether
    /// the member is the leader: exactly one of each round is.
    pub fn wait(&self) -> bool {
        let mut line = self.line.lock().unwrap();
        line.inside += 1;
        let is_first = line.inside == 1;
        self.open_if_complete(&line);
        drop(line);
        self.way_in.pass();

        let mut line = self.line.lock().unwrap();
        line.inside -= 1;
        if line.inside == 0 {
            self.way_out.let_through(line.members);
        }
        drop(line);
        self.way_out.pass();
        is_first
    }

    /// There is one member fewer, from this round on: the round ends if only this one was missing. Takes a
    /// lock at most, and never sleeps until another member wakes it.
    ///
    /// Called at most once for each member, which is not in a `wait` then; also while a panic unwinds.
    pub fn leave(&self) {
        let mut line = self.line.lock().unwrap();
        line.members -= 1;
        self.open_if_complete(&line);
    }

    fn open_if_complete(&self, line: &Line) {
        if line.inside == line.members {
            self.way_in.let_through(line.members);
        }
    }
}
