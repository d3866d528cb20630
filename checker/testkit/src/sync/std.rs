//! The standard library and the real futex.

pub use std::cell::UnsafeCell;
pub use std::sync::{Condvar, LockResult, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
pub use std::{hint, thread};

pub use super::thread_id::thread_id;

/// Atomic integers.
pub mod atomic {
    pub use std::sync::atomic::{
        AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// futex(2): sleep on a word if it has the expected value, and wake the threads that sleep on it.
#[allow(unsafe_code)]
pub mod futex {
    use std::ptr;
    use std::sync::atomic::AtomicU32;

    /// Sleeps until a wake, if `word` holds `expected` at the call.
    ///
    /// The kernel compares once and falls asleep in the same step, so a wake between the caller's
    /// check and its sleep is not lost. Returns at once if the value differs, and now and then
    /// without a wake (a signal, a spurious wake-up): check again.
    pub fn wait(word: &AtomicU32, expected: u32) {
        // SAFETY: `word` is a live, aligned 32-bit integer for the whole call, the timeout is
        // null (none), and FUTEX_WAIT reads nothing else (futex(2)).
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                ptr::null::<libc::timespec>(),
            )
        };
        if result == -1 {
            let errno = nix::errno::Errno::last();
            // EAGAIN: the value differed. EINTR: a signal. Both mean: look again.
            assert!(
                matches!(errno, nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR),
                "FUTEX_WAIT: {errno}"
            );
        }
    }

    /// Wakes one thread that sleeps on `word`; returns whether there was one.
    pub fn wake_one(word: &AtomicU32) -> bool {
        wake(word, 1) > 0
    }

    /// Wakes every thread that sleeps on `word`; returns how many.
    pub fn wake_all(word: &AtomicU32) -> usize {
        wake(word, i32::MAX)
    }

    fn wake(word: &AtomicU32, count: i32) -> usize {
        // SAFETY: FUTEX_WAKE uses the address as a name only and reads no memory of ours
        // (futex(2)).
        let woken = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                count,
            )
        };
        usize::try_from(woken).unwrap_or_else(|_| {
            panic!("FUTEX_WAKE: {}", nix::errno::Errno::last());
        })
    }
}
