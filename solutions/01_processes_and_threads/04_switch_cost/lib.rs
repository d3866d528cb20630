//! The price of a turn: two sides hand it back and forth, on one CPU.
//!
//! Why it works: the caller is Ping, and makes only Pong: a thread, or a child. A turn is a byte in a pipe. Who
//! has not the turn sleeps in a read, and whoever ends, in whatever way, closes its ends: for the other, that is the
//! end of the file instead of a turn. Pong gives its last turn back, too, so Ping reads the clock before the
//! first turn and after the last. Each side asks the kernel for its own switches: what a child has is not told
//! to a parent that ignores SIGCHLD (getrusage(2), NOTES), and what a process has is that of all its threads.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod sides;
pub mod tasks;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use sides::{Between, Cost, Side};

/// The middle one of the samples in order of size; of an even number of them, the mean of the two
/// in the middle, rounded down. `None` if there are none.
pub fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    // Their sum may be more than 64 bits hold.
    Some(lower.midpoint(upper))
}

/// Calls `body` with the calling thread pinned to one CPU of those that it is allowed, and returns
/// what `body` returns. Afterwards the thread is allowed what it was before, also if `body` panics.
/// What `body` makes inherits the pin; other threads of the caller are left alone.
///
/// # Errors
/// If the affinity cannot be read or set. Then `body` is not called.
pub fn pinned<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    let allowed = sched_getaffinity(THIS_THREAD)?;
    let is_allowed = |cpu: &usize| allowed.is_set(*cpu).unwrap_or(false);
    let cpu = (0..CpuSet::count()).find(is_allowed).ok_or(Errno::EINVAL)?;
    let mut one = CpuSet::new();
    one.set(cpu)?;
    sched_setaffinity(THIS_THREAD, &one)?;
    let _unpins = Unpins { allowed };
    Ok(body())
}

/// Not the number of the process: that is the number of its first thread, too (sched_setaffinity(2)).
const THIS_THREAD: Pid = Pid::from_raw(0);

/// However `body` is left.
struct Unpins {
    allowed: CpuSet,
}

impl Drop for Unpins {
    fn drop(&mut self) {
        // It was allowed before. If it is no more, nothing can be done here.
        let _ = sched_setaffinity(THIS_THREAD, &self.allowed);
    }
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

fn between_threads(rounds: u64, turn: &(impl Fn(Side) + Sync)) -> io::Result<Cost> {
    let (for_ping, for_pong) = Hands::pair()?;
    thread::scope(|scope| {
        let pong =
            thread::Builder::new().spawn_scoped(scope, move || for_pong.play_pong(rounds, turn))?;
        let ping = for_ping.play_ping(rounds, turn);
        let pong = pong.join().unwrap_or_else(|_| Err(io::Error::other("a side has panicked")));
        let (ping, nanoseconds) = ping?;
        Ok(Cost { switches: ping + pong?, address_spaces: 1, nanoseconds })
    })
}

fn between_processes(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let (for_ping, for_pong) = Hands::pair()?;
    let (mut report, mut tell) = io::pipe()?;
    // SAFETY: this is the only thread of the process (see `ping_pong`), so no other can hold a lock of the copied
    // memory, and the child may call any function (fork(2), signal-safety(7)).
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => end_after(|| {
            // The child's own copies: as long as they are open, it never sees that Ping has ended.
            drop(for_ping);
            let switches = for_pong.play_pong(rounds, turn)?;
            tell.write_all(&switches.to_ne_bytes())
        }),
    };
    // The parent's copies, for the same reason.
    drop((for_pong, tell));
    let ping = for_ping.play_ping(rounds, turn);
    let mut pong = [0; 8];
    let told = report.read_exact(&mut pong);
    wait_for(child)?;
    let (ping, nanoseconds) = ping?;
    told?;
    let switches = ping + u64::from_ne_bytes(pong);
    Ok(Cost { switches, address_spaces: 2, nanoseconds })
}

/// What a side hands the turn over with, and gets it with.
struct Hands {
    from_other: PipeReader,
    to_other: PipeWriter,
}

impl Hands {
    /// Ping's and Pong's.
    fn pair() -> io::Result<(Hands, Hands)> {
        let (from_ping, to_pong) = io::pipe()?;
        let (from_pong, to_ping) = io::pipe()?;
        let ping = Hands { from_other: from_pong, to_other: to_pong };
        Ok((ping, Hands { from_other: from_ping, to_other: to_ping }))
    }

    /// Returns Ping's switches, and the nanoseconds of the game.
    fn play_ping(mut self, rounds: u64, turn: &impl Fn(Side)) -> io::Result<(u64, u64)> {
        let before = switches_of_this_thread()?;
        let began = Instant::now();
        for _ in 0..rounds {
            call(turn, Side::Ping)?;
            self.hand_over()?;
            self.wait_for_turn()?;
        }
        let nanoseconds = whole_nanoseconds(began.elapsed());
        Ok((switches_of_this_thread()? - before, nanoseconds))
    }

    /// Returns Pong's switches.
    fn play_pong(mut self, rounds: u64, turn: &impl Fn(Side)) -> io::Result<u64> {
        let before = switches_of_this_thread()?;
        for _ in 0..rounds {
            self.wait_for_turn()?;
            call(turn, Side::Pong)?;
            self.hand_over()?;
        }
        Ok(switches_of_this_thread()? - before)
    }

    /// Sleeps until the other side has handed over; an error if it has ended. `read_exact` and `write_all` go on
    /// after a signal.
    fn wait_for_turn(&mut self) -> io::Result<()> {
        self.from_other.read_exact(&mut [0])
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.to_other.write_all(&[0])
    }
}

/// A turn whose panic is an error. Then the side returns, its hands are dropped, and the other one learns of it.
fn call(turn: &impl Fn(Side), side: Side) -> io::Result<()> {
    let ended = panic::catch_unwind(AssertUnwindSafe(|| turn(side)));
    ended.map_err(|_| io::Error::other("a turn has panicked"))
}

/// How often the kernel has switched away from the calling thread: because it waited, or because another one was to
/// run. On one CPU, the one who is woken often runs at once, and the one who wakes it is preempted.
fn switches_of_this_thread() -> io::Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
    let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
    Ok(switches.unsigned_abs())
}

fn whole_nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The rest of a child's life. It neither returns nor unwinds: all frames above are the parent's affair.
fn end_after(body: impl FnOnce() -> io::Result<()>) -> ! {
    let ended = panic::catch_unwind(AssertUnwindSafe(body));
    let code = i32::from(!matches!(ended, Ok(Ok(()))));
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}

/// Waits until the child has ended, and reaps it.
fn wait_for(child: Pid) -> io::Result<()> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            // The caller ignores SIGCHLD: nobody need reap it, and it has ended (wait(2), NOTES). A real-time
            // signal has killed it: `WaitStatus` has no name for that.
            Ok(_) | Err(Errno::ECHILD | Errno::EINVAL) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn between_tasks(rounds: u64, turn: &impl Fn(Side)) -> io::Result<Cost> {
    let baton = Baton { holder: Cell::new(Side::Ping), waiting: RefCell::new(None) };
    let side = async |side: Side| {
        for _ in 0..rounds {
            baton.is_mine(side).await;
            turn(side);
            baton.hand_over();
        }
    };
    let before = switches_of_this_thread()?;
    let began = Instant::now();
    let game = AssertUnwindSafe(|| tasks::run(side(Side::Ping), side(Side::Pong)));
    let ended = panic::catch_unwind(game);
    let nanoseconds = whole_nanoseconds(began.elapsed());
    let switches = switches_of_this_thread()? - before;
    ended.map_err(|_| io::Error::other("a turn has panicked"))??;
    Ok(Cost { switches, address_spaces: 1, nanoseconds })
}

/// The turn, between two tasks of one thread: nobody else looks at it, so it needs no lock.
struct Baton {
    holder: Cell<Side>,
    /// The one that waits: there is at most one.
    waiting: RefCell<Option<Waker>>,
}

impl Baton {
    /// Ready when this side has the turn.
    fn is_mine(&self, side: Side) -> impl Future<Output = ()> {
        poll_fn(move |context| {
            if self.holder.get() == side {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
    }

    fn hand_over(&self) {
        self.holder.set(self.holder.get().other());
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
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
    if rounds == 0 {
        return Ok(None);
    }
    let sample = |_| Ok(ping_pong(between, rounds, &turn)?.nanoseconds / (2 * rounds));
    let samples = (0..batches).map(sample).collect::<io::Result<Vec<u64>>>()?;
    Ok(median(&samples))
}
