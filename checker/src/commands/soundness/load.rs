//! Threads that keep every core busy while somebody asks for it.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::system::worker_pool::cores;

/// As many threads as there are cores. They spin as long as there is a [`Busy`], and sleep otherwise.
pub(super) struct Load {
    state: Mutex<State>,
    changed: Condvar,
    /// What the spinning threads look at, without the lock.
    is_on: AtomicBool,
}

#[derive(Default)]
struct State {
    asked_for: usize,
    over: bool,
}

/// Somebody who wants the cores busy.
pub(super) struct Busy<'a>(&'a Load);

impl Load {
    /// Does `work` with a load at hand. Its threads have ended when this returns or panics.
    pub(super) fn beside<R>(work: impl FnOnce(&Load) -> R) -> R {
        let load = Load {
            state: Mutex::default(),
            changed: Condvar::new(),
            is_on: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            let _over = Over(&load);
            for _ in 0..cores() {
                scope.spawn(|| load.spin());
            }
            work(&load)
        })
    }

    /// Keeps the cores busy until the guard is dropped.
    pub(super) fn on(&self) -> Busy<'_> {
        self.change(|state| state.asked_for += 1);
        Busy(self)
    }

    fn spin(&self) {
        loop {
            let idle = |state: &mut State| state.asked_for == 0 && !state.over;
            let state = self.changed.wait_while(self.state(), idle);
            if state.unwrap_or_else(PoisonError::into_inner).over {
                return;
            }
            while self.is_on.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        self.is_on.store(state.asked_for > 0 && !state.over, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.asked_for -= 1);
    }
}

/// Ends the threads, however the work ends.
struct Over<'a>(&'a Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.over = true);
    }
}
