//! A clock that stands still but for what a scene says: a turn takes as long as the scene wants, and to make a side,
//! or to wait for its end, takes an hour. The linker takes these functions instead of the C library's, in this
//! program only. And a side that cannot be made.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use nix::libc::{self, cpu_set_t, pid_t, pthread_attr_t, pthread_t, size_t, timespec};
use nix::unistd::getpid;
use testkit::procfs::child_ids;
use testkit::quiescence::{await_quiescence_of_other_threads, await_quiescence_of_thread};

use super::board::{Board, board, is_there};

const HOUR: u64 = 3600;

/// How many threads more can be made, plus 1; 0 if as many as there is room for.
static THREADS_LEFT: AtomicU64 = AtomicU64::new(0);
/// Whether the affinity of threads cannot be changed.
static IS_PINNED_FOR_GOOD: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// While the clock itself waits, it needs the time.
    static IS_THE_CLOCK: Cell<bool> = const { Cell::new(false) };
}

/// From now on there is only this clock.
pub fn begin() {
    // SAFETY: the handler is a function of this program, which is never unloaded (pthread_atfork(3)).
    unsafe { libc::pthread_atfork(Some(making), None, None) };
    board().clock.seconds.store(1000 * HOUR, SeqCst);
    board().clock.is_on.store(1, SeqCst);
}

/// A side does something that takes so long.
pub fn takes((seconds, nanoseconds): (u64, u64)) {
    let clock = &board().clock;
    let sum = clock.nanoseconds.load(SeqCst) + nanoseconds;
    clock.seconds.fetch_add(seconds + sum / 1_000_000_000, SeqCst);
    clock.nanoseconds.store(sum % 1_000_000_000, SeqCst);
}

pub fn allow_threads(most: u64) {
    THREADS_LEFT.store(most + 1, SeqCst);
}

pub fn allow_all_threads() {
    THREADS_LEFT.store(0, SeqCst);
}

pub fn refuse_affinity() {
    IS_PINNED_FOR_GOOD.store(1, SeqCst);
}

fn on() -> Option<&'static Board> {
    is_there().filter(|board| board.clock.is_on.load(SeqCst) == 1)
}

/// When all that there is of the game has come to rest, an hour goes by.
fn an_hour_goes_by() {
    if on().is_none() || IS_THE_CLOCK.replace(true) {
        return;
    }
    await_quiescence_of_other_threads();
    for child in child_ids(getpid().as_raw()) {
        await_quiescence_of_thread(child, child);
    }
    IS_THE_CLOCK.set(false);
    takes((HOUR, 0));
}

extern "C" fn making() {
    an_hour_goes_by();
}

// SAFETY: the name and the type of clock_gettime(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(id: libc::clockid_t, time: *mut timespec) -> c_int {
    let is_the_clock = IS_THE_CLOCK.try_with(Cell::get).unwrap_or(true);
    let Some(board) = on().filter(|_| !is_the_clock) else {
        // SAFETY: the caller's promise, passed on.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, id, time) } as c_int;
    };
    let now = [&board.clock.seconds, &board.clock.nanoseconds];
    let [seconds, nanoseconds] = now.map(|number| number.load(SeqCst) as i64);
    let (tv_sec, tv_nsec) = match id {
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => (seconds, nanoseconds),
        // Somebody sets it back, again and again.
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => {
            (i64::from(i32::MAX) * 100 - seconds, 0)
        }
        // Nothing in a game takes much of a CPU.
        _ => (0, 0),
    };
    // SAFETY: the caller promises that there is room for a time.
    unsafe { time.write(timespec { tv_sec, tv_nsec }) };
    0
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

// SAFETY: the name and the type of pthread_create(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    match THREADS_LEFT.load(SeqCst) {
        0 => {}
        1 => return libc::EAGAIN,
        left => THREADS_LEFT.store(left - 1, SeqCst),
    }
    an_hour_goes_by();
    type Create =
        unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;
    // SAFETY: a function of this name has this type (pthread_create(3)).
    let create = unsafe { std::mem::transmute::<*mut c_void, Create>(next(c"pthread_create")) };
    // SAFETY: the caller's promise, passed on.
    unsafe { create(thread, attributes, start, argument) }
}

// SAFETY: the name and the type of pthread_join(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_join(thread: pthread_t, value: *mut *mut c_void) -> c_int {
    type Join = unsafe extern "C" fn(pthread_t, *mut *mut c_void) -> c_int;
    // SAFETY: a function of this name has this type (pthread_join(3)).
    let join = unsafe { std::mem::transmute::<*mut c_void, Join>(next(c"pthread_join")) };
    // SAFETY: the caller's promise, passed on.
    let result = unsafe { join(thread, value) };
    an_hour_goes_by();
    result
}

// SAFETY: the name and the type of waitpid(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn waitpid(child: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    let no_usage = std::ptr::null_mut::<c_void>();
    // SAFETY: the caller's promise, passed on: wait4(2) without a usage is the same call.
    let result = unsafe { libc::syscall(libc::SYS_wait4, child, status, options, no_usage) };
    if result > 0 {
        an_hour_goes_by();
    }
    result as pid_t
}

// SAFETY: the name and the type of sched_setaffinity(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn sched_setaffinity(pid: pid_t, size: size_t, set: *const cpu_set_t) -> c_int {
    if IS_PINNED_FOR_GOOD.load(SeqCst) == 1 {
        nix::errno::Errno::EPERM.set();
        return -1;
    }
    // SAFETY: the caller's promise, passed on.
    unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid, size, set) as c_int }
}

// SAFETY: the name and the type of pthread_setaffinity_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_setaffinity_np(
    thread: pthread_t,
    size: size_t,
    set: *const cpu_set_t,
) -> c_int {
    if IS_PINNED_FOR_GOOD.load(SeqCst) == 1 {
        return libc::EPERM;
    }
    type Set = unsafe extern "C" fn(pthread_t, size_t, *const cpu_set_t) -> c_int;
    // SAFETY: a function of this name has this type (pthread_setaffinity_np(3)).
    let of_the_library =
        unsafe { std::mem::transmute::<*mut c_void, Set>(next(c"pthread_setaffinity_np")) };
    // SAFETY: the caller's promise, passed on.
    unsafe { of_the_library(thread, size, set) }
}

/// The function of this name that this program's own hides.
fn next(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with a zero (dlsym(3)).
    let function = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    assert!(!function.is_null(), "the C library has {name:?}");
    function
}
