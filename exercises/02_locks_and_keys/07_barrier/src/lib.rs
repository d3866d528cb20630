//! A barrier. Yours is `src/barrier.rs`; this file gives it its `crate::sync`, and members that cannot forget
//! to leave.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod barrier;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

use std::sync::Arc;

pub use barrier::Barrier;

/// A member of a barrier. It leaves when it is dropped, also when a panic unwinds.
#[derive(Debug)]
pub struct Member {
    barrier: Arc<Barrier>,
}

impl Member {
    /// All members of a new barrier, one or more.
    pub fn all(count: usize) -> Vec<Self> {
        let barrier = Arc::new(Barrier::new(count));
        (0..count).map(|_| Self { barrier: Arc::clone(&barrier) }).collect()
    }

    /// Sleeps until every other member has arrived, too, or has left; says whether this one is the leader of
    /// the round.
    // `&mut`: a member cannot be in two waits.
    pub fn wait(&mut self) -> bool {
        self.barrier.wait()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.barrier.leave();
    }
}
