//! Other mechanisms: threads park, processes poll an eventfd, and the counts are read in /proc.
//!
//! `park` may return at any time, so whoever is woken looks at the word. An eventfd has no end of the file, so
//! each side waits for two things at once: the eventfd, and a pipe that nobody writes to, of which the other side has
//! the only write end. Its end says that there is nobody any more. A task that has not the turn asks to be polled
//! again: then the other one is polled first.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod sides;
pub mod tasks;

use std::cell::Cell;
use std::fs;
use std::future::poll_fn;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::thread::{self, Thread};
use std::time::Instant;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use sides::{Between, Cost, Side};

/// The middle one of the samples in order of size; of an even number of them, the mean of the two
/// in the middle, rounded down. `None` if there are none.
pub fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = Vec::new();
    for sample in samples {
        let place = sorted.partition_point(|other| other < sample);
        sorted.insert(place, *sample);
    }
    let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let upper = sorted.get(sorted.len() / 2)?;
    Some(lower / 2 + upper / 2 + (lower % 2 + upper % 2) / 2)
}

/// Calls `body` with the calling thread pinned to one CPU of those that it is allowed, and returns
/// what `body` returns. Afterwards the thread is allowed what it was before, also if `body` panics.
/// What `body` makes inherits the pin; other threads of the caller are left alone.
///
/// # Errors
/// If the affinity cannot be read or set. Then `body` is not called.
pub fn pinned<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut only = CpuSet::new();
    only.set(first.ok_or(io::ErrorKind::NotFound)?)?;
    sched_setaffinity(Pid::from_raw(0), &only)?;
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    sched_setaffinity(Pid::from_raw(0), &allowed)?;
    outcome.or_else(|payload| panic::resume_unwind(payload))
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
    match between {
        Between::Threads => pinned(|| between_threads(rounds, &turn))?,
        Between::Processes => pinned(|| between_processes(rounds, &turn))?,
        Between::Tasks => pinned(|| between_tasks(rounds, &turn))?,
    }
}

const PINGS: u8 = 0;
const PONGS: u8 = 1;
const OVER: u8 = 2;

/// Sleeps until the turn is this side's; an error if the game is over.
fn park_until(turn: &AtomicU8, own: u8) -> io::Result<()> {
    loop {
        match turn.load(Ordering::Acquire) {
            OVER => return Err(gone()),
            now if now == own => return Ok(()),
            _ => thread::park(),
        }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the other side has ended")
}

fn between_threads(rounds: u64, turn: &(impl Fn(Side) + Sync)) -> io::Result<Cost> {
    let word = AtomicU8::new(PINGS);
    let give = |to: u8, thread: &Thread| {
        word.store(to, Ordering::Release);
        thread.unpark();
    };
    let caller = thread::current();
    thread::scope(|scope| {
        let (word, give, caller) = (&word, &give, &caller);
        let pong = thread::Builder::new().spawn_scoped(scope, move || {
            let before = switches();
            let game = (0..rounds).try_for_each(|_| {
                park_until(word, PONGS)?;
                taken(turn, Side::Pong)?;
                give(PINGS, caller);
                Ok(())
            });
            if game.is_err() {
                give(OVER, caller);
            }
            game.and_then(|()| Ok(switches()? - before?))
        })?;
        let before = switches();
        let began = Instant::now();
        let game = (0..rounds).try_for_each(|_| {
            taken(turn, Side::Ping)?;
            give(PONGS, pong.thread());
            park_until(word, PINGS)
        });
        let nanoseconds = began.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
        if game.is_err() {
            give(OVER, pong.thread());
        }
        let own = switches();
        let pongs = pong.join().unwrap_or_else(|_| Err(gone()));
        game?;
        Ok(Cost { switches: own? - before? + pongs?, address_spaces: 1, nanoseconds })
    })
}

fn taken(turn: &impl Fn(Side), side: Side) -> io::Result<()> {
    panic::catch_unwind(AssertUnwindSafe(|| turn(side))).map_err(|_| io::Error::other("a panic"))
}

/// The calling thread's, of both kinds (proc_pid_status(5)).
fn switches() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/thread-self/status")?;
    let counts = status.lines().filter_map(|line| {
        let (name, count) = line.split_once(':')?;
        name.ends_with("voluntary_ctxt_switches").then(|| count.trim().parse::<u64>().ok())?
    });
    Ok(counts.sum())
}

/// What a side has of the two between processes.
struct Seat<'a> {
    own: &'a EventFd,
    others: &'a EventFd,
    other_lives: &'a PipeReader,
}

impl Seat<'_> {
    fn wait(&self) -> io::Result<()> {
        loop {
            let mut both = [self.own.as_fd(), self.other_lives.as_fd()]
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut both, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                result => result?,
            };
            // First the turn: who has had the last one hands it over, and ends.
            if both[0].any() == Some(true) {
                match self.own.read() {
                    Err(Errno::EINTR) => continue,
                    read => return Ok(read.map(drop)?),
                }
            }
            if both[1].any() == Some(true) {
                return Err(gone());
            }
        }
    }

    fn give(&self) -> io::Result<()> {
        Ok(self.others.write(1).map(drop)?)
    }
}

fn between_processes(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let [pings, pongs] = [eventfd()?, eventfd()?];
    let (mut pong_lives, mut pong_ends) = io::pipe()?;
    let (ping_lives, ping_ends) = io::pipe()?;
    // SAFETY: this is the only thread of the process (see `ping_pong`), so the child may call any function.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop((pong_lives, ping_ends));
            let seat = Seat { own: &pongs, others: &pings, other_lives: &ping_lives };
            let code = match play_pong(&seat, rounds, turn) {
                Ok(switches) => i32::from(pong_ends.write_all(&switches.to_le_bytes()).is_err()),
                Err(_) => 1,
            };
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(code) }
        }
    };
    drop((ping_lives, pong_ends));
    let seat = Seat { own: &pings, others: &pongs, other_lives: &pong_lives };
    let game = play_ping(&seat, rounds, turn);
    // If Pong still waits, it learns that Ping has ended.
    drop(ping_ends);
    let mut childs = [0; 8];
    let report = pong_lives.read_exact(&mut childs);
    while waitpid(child, None) == Err(Errno::EINTR) {}
    let (own, nanoseconds) = game?;
    report?;
    Ok(Cost { switches: own + u64::from_le_bytes(childs), address_spaces: 2, nanoseconds })
}

fn eventfd() -> io::Result<EventFd> {
    Ok(EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?)
}

fn play_ping(seat: &Seat<'_>, rounds: u64, turn: &impl Fn(Side)) -> io::Result<(u64, u64)> {
    let before = switches()?;
    let began = Instant::now();
    for _ in 0..rounds {
        taken(turn, Side::Ping)?;
        seat.give()?;
        seat.wait()?;
    }
    let time = began.elapsed();
    Ok((switches()? - before, time.as_nanos().try_into().unwrap_or(u64::MAX)))
}

fn play_pong(seat: &Seat<'_>, rounds: u64, turn: &impl Fn(Side)) -> io::Result<u64> {
    let before = switches()?;
    for _ in 0..rounds {
        seat.wait()?;
        taken(turn, Side::Pong)?;
        seat.give()?;
    }
    Ok(switches()? - before)
}

fn between_tasks(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let holder = Cell::new(Side::Ping);
    let side = async |side: Side| {
        for _ in 0..rounds {
            poll_fn(|context| {
                if holder.get() == side {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            turn(side);
            holder.set(side.other());
        }
    };
    let (before, began) = (switches()?, Instant::now());
    let run = AssertUnwindSafe(|| tasks::run(side(Side::Ping), side(Side::Pong)));
    let run = panic::catch_unwind(run).unwrap_or_else(|_| Err(io::Error::other("a panic")));
    let nanoseconds = began.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
    run?;
    Ok(Cost { switches: switches()? - before, address_spaces: 1, nanoseconds })
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
    if rounds == 0 {
        return Ok(None);
    }
    let mut samples = Vec::new();
    for _ in 0..batches {
        samples.push(ping_pong(between, rounds, &turn)?.nanoseconds / (2 * rounds));
    }
    Ok(median(&samples))
}
