//! The standard library with a bad day: what may happen for no reason does.
//!
//! `Condvar::wait` may return without a notification, futex(2) may return without a wake, and
//! `compare_exchange_weak` may fail though the value is the expected one. Real runs show it so seldom
//! that a missing loop stays unnoticed; the last one x86-64 does not show at all. Here it happens every
//! other time: the first wait of each thread on each object returns at once, the next one is real, and
//! so on in turn. Right code cannot tell the difference.
//!
//! Calls of the futex and uses of mutexes and atomics are counted for each thread: [`futex::calls`],
//! [`locks`], [`uses`].

pub use super::counted::{Mutex, atomic, locks, uses};
pub use super::std::{
    LockResult, MutexGuard, PoisonError, RwLock, TryLockError, UnsafeCell, hint, thread, thread_id,
};

use std::time::Duration;

use super::every_other::EveryOther;
use crate::steps;

thread_local! {
    static WAITS: EveryOther = EveryOther::default();
}

/// A [`std::sync::Condvar`] whose waits wake up for no reason every other time.
#[derive(Debug, Default)]
pub struct Condvar(std::sync::Condvar);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    /// Waits for a notification, or returns at once with the lock held all along.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        steps::operation();
        if WAITS.with(|waits| waits.turn(self)) {
            return Ok(guard);
        }
        self.0.wait(guard)
    }

    /// Waits until `condition` no longer holds.
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits for a notification or the timeout; never for no reason.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, std::sync::WaitTimeoutResult)> {
        self.0.wait_timeout(guard, timeout)
    }

    /// Wakes one waiter.
    pub fn notify_one(&self) {
        steps::operation();
        self.0.notify_one();
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        steps::operation();
        self.0.notify_all();
    }
}

/// The futex, with spurious wake-ups and counted calls.
pub mod futex {
    use std::cell::Cell;
    use std::sync::atomic::AtomicU32;

    use super::super::std::futex as real;

    /// How often this thread has called the futex.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Calls {
        /// Calls of [`wait`].
        pub waits: u32,
        /// Calls of [`wake_one`] and [`wake_all`].
        pub wakes: u32,
        /// The threads that they woke.
        pub woken: usize,
    }

    thread_local! {
        static CALLS: Cell<Calls> = const { Cell::new(Calls { waits: 0, wakes: 0, woken: 0 }) };
    }

    /// The calls of this thread since it began.
    pub fn calls() -> Calls {
        CALLS.get()
    }

    /// As [`real::wait`], but returns at once every other time.
    pub fn wait(word: &AtomicU32, expected: u32) {
        let calls = CALLS.get();
        CALLS.set(Calls { waits: calls.waits + 1, ..calls });
        crate::steps::operation();
        if !super::WAITS.with(|waits| waits.turn(word)) {
            real::wait(word, expected);
        }
    }

    /// As [`real::wake_one`].
    pub fn wake_one(word: &AtomicU32) -> bool {
        let woken = real::wake_one(word);
        count_wake(usize::from(woken));
        woken
    }

    /// As [`real::wake_all`].
    pub fn wake_all(word: &AtomicU32) -> usize {
        let woken = real::wake_all(word);
        count_wake(woken);
        woken
    }

    fn count_wake(woken: usize) {
        let calls = CALLS.get();
        CALLS.set(Calls { wakes: calls.wakes + 1, woken: calls.woken + woken, ..calls });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::{Settled, Threads};
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn a_first_wait_returns_for_nothing_and_a_second_one_is_real() {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let threads = Threads::new();
        let waiter = threads.spawn("waiter", {
            let pair = Arc::clone(&pair);
            move || {
                let guard = pair.1.wait(pair.0.lock().unwrap()).unwrap();
                drop(pair.1.wait(guard).unwrap());
            }
        });
        assert_eq!(threads.settle(), Settled::AtRest);
        assert!(!waiter.is_finished());
        pair.1.notify_one();
        waiter.join("-", "-");
    }

    #[test]
    fn a_weak_exchange_fails_the_first_time_and_then_every_other() {
        let word = atomic::AtomicU32::new(0);
        let exchange = |from| {
            let relaxed = atomic::Ordering::Relaxed;
            word.compare_exchange_weak(from, from + 1, relaxed, relaxed)
        };
        assert_eq!(
            [exchange(0), exchange(0), exchange(1), exchange(1)],
            [Err(0), Ok(0), Err(1), Ok(1)]
        );
    }

    #[test]
    fn futex_calls_are_counted() {
        let word = AtomicU32::new(1);
        futex::wait(&word, 1);
        futex::wake_one(&word);
        assert_eq!(futex::calls(), futex::Calls { waits: 1, wakes: 1, woken: 0 });
    }
}
