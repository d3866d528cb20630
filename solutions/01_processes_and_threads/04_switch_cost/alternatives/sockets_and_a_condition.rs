//! Other mechanisms: two new threads and a condition variable; a child that is Ping, and a pair of sockets.
//!
//! Between threads, the turn is a value under a mutex, and "over" is one, too. Between processes the caller is
//! Pong: it says when Ping begins, so it reads the clock before the first turn and after the last. A socket whose
//! other end is closed reads the end of the file, as a pipe does, and one descriptor goes both ways. A task
//! is a state machine that is written by hand.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod sides;
pub mod tasks;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, gettid};

use sides::{Between, Cost, Side};

/// The middle one of the samples in order of size; of an even number of them, the mean of the two
/// in the middle, rounded down. `None` if there are none.
pub fn median(samples: &[u64]) -> Option<u64> {
    let mut samples: Vec<u128> = samples.iter().copied().map(u128::from).collect();
    samples.sort();
    let middle = match samples.len() {
        0 => return None,
        odd if odd % 2 == 1 => samples[odd / 2],
        even => (samples[even / 2 - 1] + samples[even / 2]) / 2,
    };
    u64::try_from(middle).ok()
}

/// Calls `body` with the calling thread pinned to one CPU of those that it is allowed, and returns
/// what `body` returns. Afterwards the thread is allowed what it was before, also if `body` panics.
/// What `body` makes inherits the pin; other threads of the caller are left alone.
///
/// # Errors
/// If the affinity cannot be read or set. Then `body` is not called.
pub fn pinned<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    struct Pinned(Pid, CpuSet);
    impl Drop for Pinned {
        fn drop(&mut self) {
            let _ = sched_setaffinity(self.0, &self.1);
        }
    }
    let pinned = Pinned(gettid(), sched_getaffinity(gettid())?);
    let last = (0..CpuSet::count()).rev().find(|cpu| pinned.1.is_set(*cpu) == Ok(true));
    let mut set = CpuSet::new();
    set.set(last.ok_or(Errno::EINVAL)?)?;
    sched_setaffinity(pinned.0, &set)?;
    Ok(body())
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
    let game = || match between {
        Between::Threads => between_threads(rounds, &turn),
        Between::Processes => between_processes(rounds, &turn),
        Between::Tasks => between_tasks(rounds, &turn),
    };
    pinned(game)?
}

/// The table of two threads.
struct Table {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Nobody, as long as not both are there.
    next: Option<Side>,
    is_over: bool,
    began: Option<Instant>,
    ended: Option<Instant>,
}

impl Table {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// One side's game: its switches, if it has had all of its turns.
    fn play(&self, side: Side, rounds: u64, turn: &impl Fn(Side)) -> Option<u64> {
        let before = switches_of_this_thread();
        for _ in 0..rounds {
            let is_to_wait = |state: &mut State| !state.is_over && state.next != Some(side);
            let state = self.changed.wait_while(self.state(), is_to_wait);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            if state.is_over {
                return None;
            }
            state.began.get_or_insert_with(Instant::now);
            // A turn may take its time, and it may panic: it is no part of what the lock keeps together.
            drop(state);
            let ended = panic::catch_unwind(AssertUnwindSafe(|| turn(side)));
            let now = Instant::now();
            self.change(|state| {
                state.is_over |= ended.is_err();
                state.next = Some(side.other());
                state.ended = Some(now);
            });
            ended.ok()?;
        }
        Some(switches_of_this_thread() - before)
    }
}

fn between_threads(rounds: u64, turn: &(impl Fn(Side) + Sync)) -> io::Result<Cost> {
    let table = Table { state: Mutex::default(), changed: Condvar::new() };
    let switches = thread::scope(|scope| {
        let table = &table;
        let pong = thread::Builder::new()
            .spawn_scoped(scope, move || table.play(Side::Pong, rounds, turn))?;
        let ping = thread::Builder::new()
            .spawn_scoped(scope, move || table.play(Side::Ping, rounds, turn))
            .inspect_err(|_| table.change(|state| state.is_over = true))?;
        table.change(|state| state.next = Some(Side::Ping));
        let both = (ping.join().ok().flatten(), pong.join().ok().flatten());
        let both = both.0.and_then(|ping| Some(ping + both.1?));
        both.ok_or_else(|| io::Error::other("a side has ended before its last turn"))
    })?;
    let state = table.state();
    let time = state.began.zip(state.ended).map(|(began, ended)| ended - began);
    Ok(Cost { switches, address_spaces: 1, nanoseconds: nanoseconds(time.unwrap_or_default()) })
}

fn between_processes(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let (mut own, mut childs) = UnixStream::pair()?;
    // SAFETY: this is the only thread of the process (see `ping_pong`), so the child may call any function.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(own);
            let game = AssertUnwindSafe(|| ping(&mut childs, rounds, turn));
            let _ = panic::catch_unwind(game);
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(0) }
        }
    };
    drop(childs);
    let cost = pong(&mut own, rounds, turn);
    // If Ping still waits, it reads the end of the file.
    drop(own);
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            _ => return cost,
        }
    }
}

fn ping(caller: &mut UnixStream, rounds: u64, turn: &impl Fn(Side)) -> io::Result<()> {
    let before = switches_of_this_thread();
    for _ in 0..rounds {
        caller.read_exact(&mut [0])?;
        turn(Side::Ping);
        caller.write_all(&[0])?;
    }
    let switches = switches_of_this_thread() - before;
    caller.write_all(&switches.to_be_bytes())
}

fn pong(child: &mut UnixStream, rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let before = switches_of_this_thread();
    let began = Instant::now();
    for _ in 0..rounds {
        child.write_all(&[0])?;
        child.read_exact(&mut [0])?;
        let ended = panic::catch_unwind(AssertUnwindSafe(|| turn(Side::Pong)));
        ended.map_err(|_| io::Error::other("a turn has panicked"))?;
    }
    let nanoseconds = nanoseconds(began.elapsed());
    let own = switches_of_this_thread() - before;
    let mut childs = [0; 8];
    child.read_exact(&mut childs)?;
    Ok(Cost { switches: own + u64::from_be_bytes(childs), address_spaces: 2, nanoseconds })
}

fn switches_of_this_thread() -> u64 {
    let usage =
        getrusage(UsageWho::RUSAGE_THREAD).expect("RUSAGE_THREAD is known since Linux 2.6.26");
    [usage.voluntary_context_switches(), usage.involuntary_context_switches()]
        .into_iter()
        .map(i64::unsigned_abs)
        .sum()
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}

/// One side, as a state machine: it is polled when the other has handed over, and that is all it waits for.
struct Player<'a, F> {
    side: Side,
    turns_left: u64,
    turn: &'a F,
    table: &'a RefCell<(Side, Option<Waker>)>,
}

impl<F: Fn(Side)> Future for Player<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.turns_left == 0 {
            return Poll::Ready(());
        }
        if self.table.borrow().0 == self.side {
            (self.turn)(self.side);
            self.turns_left -= 1;
            let waiting = self.table.replace((self.side.other(), None)).1;
            waiting.into_iter().for_each(Waker::wake);
        }
        if self.turns_left == 0 {
            return Poll::Ready(());
        }
        self.table.borrow_mut().1 = Some(context.waker().clone());
        Poll::Pending
    }
}

fn between_tasks(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let table = RefCell::new((Side::Ping, None));
    let player = |side| Player { side, turns_left: rounds, turn, table: &table };
    let (before, began) = (switches_of_this_thread(), Instant::now());
    let run = AssertUnwindSafe(|| tasks::run(player(Side::Ping), player(Side::Pong)));
    let run = panic::catch_unwind(run);
    let (nanoseconds, switches) =
        (nanoseconds(began.elapsed()), switches_of_this_thread() - before);
    match run {
        Ok(Ok(())) => Ok(Cost { switches, address_spaces: 1, nanoseconds }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("a turn has panicked")),
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
        let game = ping_pong(between, rounds, &turn)?;
        samples.extend(game.nanoseconds.checked_div(rounds).map(|round| round / 2));
    }
    Ok(median(&samples))
}
