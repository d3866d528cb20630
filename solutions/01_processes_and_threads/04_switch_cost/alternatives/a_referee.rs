//! Another design: the caller has no turn. It makes both sides, opens the game when both are there, and watches them.
//!
//! A turn is a word in memory, which a side waits for on a futex, across threads as across processes: for children
//! the word is in a page that is shared (MAP_SHARED), so the futex must not be a private one. Nobody closes
//! anything when a child dies, so the referee sleeps until a child ends (pidfd_open(2)), and ends the game if that
//! child has not played to the end. The clock is read in the first turn, and in the last.
#![allow(unsafe_code)] // fork(2), _exit(2), futex(2)

pub mod sides;
pub mod tasks;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use sides::{Between, Cost, Side};

/// The middle one of the samples in order of size; of an even number of them, the mean of the two
/// in the middle, rounded down. `None` if there are none.
pub fn median(samples: &[u64]) -> Option<u64> {
    let mut samples = samples.to_vec();
    let upper = samples.len() / 2;
    if upper >= samples.len() {
        return None;
    }
    let (below, middle, _) = samples.select_nth_unstable(upper);
    let middle = *middle;
    if below.len() * 2 + 1 == samples.len() {
        return Some(middle);
    }
    let lower = samples[..upper].iter().copied().max()?;
    Some(lower + (middle - lower) / 2)
}

/// Calls `body` with the calling thread pinned to one CPU of those that it is allowed, and returns
/// what `body` returns. Afterwards the thread is allowed what it was before, also if `body` panics.
/// What `body` makes inherits the pin; other threads of the caller are left alone.
///
/// # Errors
/// If the affinity cannot be read or set. Then `body` is not called.
pub fn pinned<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    // Where it runs, it is allowed to run: unless it is moved just now, and then that is known, too.
    let mut one = CpuSet::new();
    let here = sched_getcpu()?;
    let here = if allowed.is_set(here)? { Some(here) } else { None };
    let mut all = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    one.set(here.or_else(|| all.next()).ok_or(Errno::EINVAL)?)?;
    sched_setaffinity(this, &one)?;
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    let _ = sched_setaffinity(this, &allowed);
    result.map_or_else(|payload| panic::resume_unwind(payload), Ok)
}

/// Two sides have `rounds` turns each, Ping first, then by turns. A turn is a call of `turn`; all
/// are on one CPU, as in [`pinned`]. A thread or process that has not the turn sleeps. With 0
/// rounds nobody has a turn, and the cost is 0, 0 and 0.
///
/// On return, in any case, no side is left: threads are joined and children reaped, and the caller
/// is [pinned] no more. Other children of the caller are not waited for. A caller may ignore
/// SIGCHLD, and does ignore SIGPIPE, as Rust programs do; a signal that it handles changes nothing.
/// A child ends in here: it runs no destructor and no exit handler of the caller, and writes nothing
/// that the caller has printed. Many threads may call this at once, and a `turn` may; but
/// [`Between::Processes`] only with a single thread, and there a `turn` may leave programs behind
/// that it has started, but no fork of its process.
///
/// # Errors
/// If the CPU or a side cannot be had: then nobody has a turn. If a side ends before its last turn
/// does (`turn` panics, or a child exits or is killed): then nobody has another, or waits for one.
pub fn ping_pong(between: Between, rounds: u64, turn: impl Fn(Side) + Sync) -> io::Result<Cost> {
    if rounds == 0 {
        return Ok(Cost { switches: 0, address_spaces: 0, nanoseconds: 0 });
    }
    pinned(|| match between {
        Between::Threads => between_threads(rounds, &turn),
        Between::Processes => between_processes(rounds, &turn),
        Between::Tasks => between_tasks(rounds, &turn),
    })?
}

/// What the sides and the referee write down. All zeros is the beginning.
#[derive(Default)]
struct Words {
    state: AtomicU32,
    began: Moment,
    ended: Moment,
    switches: [AtomicU64; 2],
    has_played: [AtomicU32; 2],
}

/// Seconds and nanoseconds, since both sides were not there yet: together they may be more than 64 bits hold.
#[derive(Default)]
struct Moment(AtomicU64, AtomicU64);

const NOT_YET: u32 = 0;
const PING: u32 = 1;
const PONG: u32 = 2;
const OVER: u32 = 3;

impl Moment {
    fn note(&self, since: Instant) {
        let time = since.elapsed();
        self.0.store(time.as_secs(), Ordering::Relaxed);
        self.1.store(time.subsec_nanos().into(), Ordering::Relaxed);
    }

    fn noted(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Acquire))
            + Duration::from_nanos(self.1.load(Ordering::Acquire))
    }
}

impl Words {
    /// One side's game; when it is not played to the end, it is over for the other, too.
    fn play(&self, side: Side, rounds: u64, turn: &impl Fn(Side), since: Instant) {
        let (number, own, others) = match side {
            Side::Ping => (0, PING, PONG),
            Side::Pong => (1, PONG, PING),
        };
        let before = switches_of_this_thread();
        for round in 0..rounds {
            if !self.wait_for(own) {
                return;
            }
            if own == PING && round == 0 {
                self.began.note(since);
            }
            if panic::catch_unwind(AssertUnwindSafe(|| turn(side))).is_err() {
                return self.end();
            }
            if own == PONG && round == rounds - 1 {
                self.ended.note(since);
            }
            let next =
                self.state.compare_exchange(own, others, Ordering::AcqRel, Ordering::Relaxed);
            if next.is_ok() {
                self.futex(libc::FUTEX_WAKE, i32::MAX as u32);
            }
        }
        let switches = switches_of_this_thread().saturating_sub(before);
        self.switches[number].store(switches, Ordering::Relaxed);
        self.has_played[number].store(1, Ordering::Release);
    }

    /// Whether the state has come, instead of the end of the game.
    fn wait_for(&self, wanted: u32) -> bool {
        loop {
            match self.state.load(Ordering::Acquire) {
                OVER => return false,
                state if state == wanted => return true,
                // It sleeps only if the state is still this one. Whatever wakes it, it looks again.
                state => self.futex(libc::FUTEX_WAIT, state),
            }
        }
    }

    fn open(&self) {
        let _ = self.state.compare_exchange(NOT_YET, PING, Ordering::AcqRel, Ordering::Relaxed);
        self.futex(libc::FUTEX_WAKE, i32::MAX as u32);
    }

    fn end(&self) {
        self.state.store(OVER, Ordering::Release);
        self.futex(libc::FUTEX_WAKE, i32::MAX as u32);
    }

    fn futex(&self, operation: libc::c_int, value: u32) {
        let no_timeout = ptr::null::<libc::timespec>();
        // SAFETY: the word lives and is aligned, and no timeout is given (futex(2)).
        unsafe {
            libc::syscall(libc::SYS_futex, self.state.as_ptr(), operation, value, no_timeout)
        };
    }

    fn has_played(&self, side: usize) -> bool {
        self.has_played[side].load(Ordering::Acquire) == 1
    }

    /// Of a game that has ended.
    fn cost(&self, address_spaces: u64) -> io::Result<Cost> {
        if !(self.has_played(0) && self.has_played(1)) {
            return Err(io::Error::other("a side has ended before its last turn"));
        }
        let nanoseconds = whole_nanoseconds(self.ended.noted() - self.began.noted());
        let switches = self.switches.iter().map(|of_a_side| of_a_side.load(Ordering::Relaxed));
        Ok(Cost { switches: switches.sum(), address_spaces, nanoseconds })
    }
}

fn between_threads(rounds: u64, turn: &(impl Fn(Side) + Sync)) -> io::Result<Cost> {
    let (words, since) = (Words::default(), Instant::now());
    thread::scope(|scope| {
        let words = &words;
        let sides = [Side::Ping, Side::Pong].map(|side| {
            let play = move || words.play(side, rounds, turn, since);
            thread::Builder::new().spawn_scoped(scope, play)
        });
        if sides.iter().all(Result::is_ok) {
            words.open()
        } else {
            words.end()
        }
        let ended = sides.map(|side| side.map(|side| side.join()).map(drop));
        ended.into_iter().collect::<io::Result<Vec<()>>>()
    })?;
    words.cost(1)
}

/// Words in a page that children share with their parent.
struct Page(NonNull<Words>);

const SIZE: NonZeroUsize = NonZeroUsize::new(size_of::<Words>()).expect("words have a size");

impl Page {
    fn new() -> io::Result<Self> {
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice changes no memory that is in use.
        Ok(Self(unsafe { mmap_anonymous(None, SIZE, access, flags) }?.cast()))
    }

    fn words(&self) -> &Words {
        // SAFETY: a page is aligned, and all zeros are atomics (mmap(2)); it is unmapped on drop only.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping, and nobody has a reference into it any more.
        let _ = unsafe { munmap(self.0.cast(), SIZE.get()) };
    }
}

fn between_processes(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let (page, since) = (Page::new()?, Instant::now());
    let words = page.words();
    let ping = child(|| words.play(Side::Ping, rounds, turn, since))?;
    let pong = match child(|| words.play(Side::Pong, rounds, turn, since)) {
        Ok(pong) => pong,
        Err(error) => {
            words.end();
            wait_for(ping);
            return Err(error);
        }
    };
    let watched = ends_of(ping).and_then(|ping| Ok([ping, ends_of(pong)?]));
    match &watched {
        Ok(ends) => {
            words.open();
            watch(words, ends);
        }
        Err(_) => words.end(),
    }
    wait_for(ping);
    wait_for(pong);
    watched?;
    words.cost(2)
}

fn child(body: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: this is the only thread of the process (see `ping_pong`), so the child may call any function.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = panic::catch_unwind(AssertUnwindSafe(body));
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(0) }
        }
    }
}

/// A descriptor that is readable when the child has ended.
fn ends_of(child: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers and touches no memory of ours.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
    let number = Errno::result(number)?;
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number as i32) })
}

/// Until both have ended; when one has not played to the end, it is over.
fn watch(words: &Words, ends: &[OwnedFd; 2]) {
    let mut watched = vec![0, 1];
    while !watched.is_empty() {
        let mut fds: Vec<PollFd> = watched
            .iter()
            .map(|side| PollFd::new(ends[*side].as_fd(), PollFlags::POLLIN))
            .collect();
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            continue;
        }
        let has_ended: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        let mut has_ended = has_ended.into_iter();
        watched.retain(|side| {
            let ended = has_ended.next().unwrap_or(false);
            if ended && !words.has_played(*side) {
                words.end();
            }
            !ended
        });
    }
}

/// Waits until the child has ended, and reaps it. If the caller ignores SIGCHLD, nobody need reap it.
fn wait_for(child: Pid) {
    while waitpid(child, None) == Err(Errno::EINTR) {}
}

fn switches_of_this_thread() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD);
    let switches = usage
        .map(|usage| usage.voluntary_context_switches() + usage.involuntary_context_switches());
    switches.unwrap_or(0).unsigned_abs()
}

fn whole_nanoseconds(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

fn between_tasks(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    // The sides of a game of tasks meet at a place: who comes has brought the turn, and leaves its waker.
    let next = Cell::new(Side::Ping);
    let wakers = RefCell::new([const { None::<Waker> }; 2]);
    let (began, ended) = (Cell::new(None), Cell::new(None));
    let side = async |side: Side| {
        for _ in 0..rounds {
            poll_fn(|context| {
                wakers.borrow_mut()[side as usize] = Some(context.waker().clone());
                if next.get() == side { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            if began.get().is_none() {
                began.set(Some((Instant::now(), switches_of_this_thread())));
            }
            turn(side);
            ended.set(Some((Instant::now(), switches_of_this_thread())));
            next.set(side.other());
            let waker = wakers.borrow()[side.other() as usize].clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    };
    let game = || tasks::run(side(Side::Ping), side(Side::Pong));
    let game = panic::catch_unwind(AssertUnwindSafe(game));
    game.map_err(|_| io::Error::other("a turn has panicked"))??;
    match (began.get(), ended.get()) {
        (Some((began, before)), Some((ended, after))) => Ok(Cost {
            switches: after - before,
            address_spaces: 1,
            nanoseconds: whole_nanoseconds(ended - began),
        }),
        _ => Err(io::Error::other("nobody has had a turn")),
    }
}

/// What a turn costs: plays `batches` games, divides the nanoseconds of each by its turns (two in a
/// round), rounded down, and returns the [median]. `None` without batches or without rounds.
///
/// # Errors
/// The first of [`ping_pong`].
pub fn nanoseconds_a_turn(
    (between, rounds, batches): (Between, u64, usize),
    turn: impl Fn(Side) + Sync,
) -> io::Result<Option<u64>> {
    let mut samples = Vec::new();
    for _ in 0..batches {
        let cost = ping_pong(between, rounds, &turn)?;
        samples.extend(cost.nanoseconds.checked_div(rounds.saturating_mul(2)));
    }
    Ok(median(&samples))
}
