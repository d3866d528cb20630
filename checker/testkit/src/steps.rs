//! What a thread does, counted: the measure of busy waiting.
//!
//! Who waits by looking again and again is told by how often they look, never by the time that it takes:
//! a right program on a slow machine takes long, too. Two kinds of steps are counted for each thread of
//! [`crate::threads`]:
//!
//! - *operations*: uses of the mutexes, atomics, futexes and condition variables of [`crate::sync`], as
//!   its backings report them;
//! - *calls* that ask whether something is ready, or give up the CPU for a moment: `epoll_wait`, `poll`
//!   and `sched_yield` with their relatives. This file defines functions of these names, so the linker
//!   takes them instead of the C library's in every program that contains this crate.

#![allow(unsafe_code)]

use std::cell::OnceCell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{c_int, c_uint, epoll_event, nfds_t, pollfd, sigset_t, timespec};

use crate::between::with_points;

/// The steps of one thread since it began.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    operations: AtomicU64,
    calls: AtomicU64,
}

/// How many steps a thread has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) operations: u64,
    pub(crate) calls: u64,
}

thread_local! {
    static STEPS: OnceCell<Arc<Steps>> = const { OnceCell::new() };
}

/// Begins to count the steps of this thread.
pub(crate) fn begin() -> Arc<Steps> {
    STEPS.with(|steps| Arc::clone(steps.get_or_init(Arc::default)))
}

/// How many calls this thread has made that ask whether something is ready, since it first asked for this number.
pub fn calls_of_this_thread() -> u64 {
    begin().count().calls
}

impl Steps {
    pub(crate) fn count(&self) -> Count {
        Count {
            operations: self.operations.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
        }
    }
}

/// Counts an operation of this thread on something of `crate::sync`.
pub fn operation() {
    add(|steps| &steps.operations);
}

fn add(kind: impl FnOnce(&Steps) -> &AtomicU64) {
    // A thread that ends, or that no test watches, has no count.
    let _ = STEPS.try_with(|steps| {
        if let Some(steps) = steps.get() {
            kind(steps).fetch_add(1, Ordering::Relaxed);
        }
    });
}

fn call() {
    add(|steps| &steps.calls);
}

/// The kernel's `sigset_t` has 64 bits, whatever the C library's has.
const SIGSET_BYTES: usize = 8;

/// sched_yield(2), counted.
#[unsafe(no_mangle)]
pub extern "C" fn sched_yield() -> c_int {
    call();
    // SAFETY: sched_yield takes no arguments (sched_yield(2)).
    unsafe { libc::syscall(libc::SYS_sched_yield) as c_int }
}

/// epoll_wait(2), counted.
///
/// # Safety
///
/// As the C library's: `events` has room for `max` events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut epoll_event,
    max: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: the caller promises that `events` has room; without a mask it is the same call
    // (epoll_wait(2)).
    unsafe { epoll_pwait(epoll, events, max, timeout, ptr::null()) }
}

/// epoll_pwait(2), counted.
///
/// # Safety
///
/// As the C library's: `events` has room for `max` events, and `mask` is null or a set of signals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_pwait(
    epoll: c_int,
    events: *mut epoll_event,
    max: c_int,
    timeout: c_int,
    mask: *const sigset_t,
) -> c_int {
    call();
    let number = libc::SYS_epoll_pwait;
    // SAFETY: the caller's promise is what the kernel asks for (epoll_pwait(2)).
    with_points(|| unsafe {
        libc::syscall(number, epoll, events, max, timeout, mask, SIGSET_BYTES) as c_int
    })
}

/// epoll_pwait2(2), counted.
///
/// # Safety
///
/// As the C library's: `events` has room for `max` events; `timeout` is null or a time, `mask` null or a
/// set of signals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_pwait2(
    epoll: c_int,
    events: *mut epoll_event,
    max: c_int,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    call();
    let number = libc::SYS_epoll_pwait2;
    // SAFETY: the caller's promise is what the kernel asks for (epoll_pwait2(2)).
    with_points(|| unsafe {
        libc::syscall(number, epoll, events, max, timeout, mask, SIGSET_BYTES) as c_int
    })
}

/// poll(2), counted.
///
/// # Safety
///
/// As the C library's: `fds` points to `count` entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn poll(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
    let milliseconds = timeout.unsigned_abs();
    let timeout = (timeout >= 0).then(|| time(milliseconds));
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the caller promises the entries; the time is a local variable; there is no mask (poll(2)).
    unsafe { ppoll(fds, count, timeout, ptr::null()) }
}

/// ppoll(2), counted.
///
/// # Safety
///
/// As the C library's: `fds` points to `count` entries; `timeout` is null or a time, `mask` null or a set
/// of signals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ppoll(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    call();
    // The kernel writes back what is left of the time, and the C library's function does not (poll(2)).
    // SAFETY: the caller promises that it is null or points to a time.
    let mut left = unsafe { timeout.as_ref() }.copied();
    let left = left.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: the caller promises the entries and the mask, and the time is a local variable (poll(2)).
    with_points(|| unsafe {
        libc::syscall(libc::SYS_ppoll, fds, count, left, mask, SIGSET_BYTES) as c_int
    })
}

fn time(milliseconds: c_uint) -> timespec {
    timespec {
        tv_sec: i64::from(milliseconds / 1000),
        tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout};

    use super::*;

    #[test]
    fn calls_and_operations_are_counted_for_the_thread_that_makes_them() {
        let count = thread::spawn(|| {
            let steps = begin();
            thread::yield_now();
            thread::spawn(thread::yield_now).join().unwrap();
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
            assert_eq!(epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::ZERO), Ok(0));
            // SAFETY: no entries are pointed to (poll(2)).
            assert_eq!(unsafe { libc::poll(ptr::null_mut(), 0, 1) }, 0);
            operation();
            steps.count()
        });
        assert_eq!(count.join().unwrap(), Count { operations: 1, calls: 3 });
    }

    #[test]
    fn an_error_is_passed_on() {
        // SAFETY: the call fails before it writes anything: -1 is no descriptor (epoll_wait(2)).
        let result =
            unsafe { libc::epoll_wait(-1, [epoll_event { events: 0, u64: 0 }].as_mut_ptr(), 1, 0) };
        assert_eq!((result, nix::errno::Errno::last()), (-1, nix::errno::Errno::EBADF));
    }
}
