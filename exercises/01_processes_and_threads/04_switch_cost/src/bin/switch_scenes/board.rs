//! What all sides of a game write down: in memory that a child shares with its parent.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{Pid, getpid, gettid};
use switch_cost::sides::Side;
use testkit::way_out::StopOnTheWayOut;

pub struct Board {
    /// Of all turns that have begun.
    turns: AtomicU64,
    /// The first of them: 1 for Ping, 2 for Pong.
    log: [AtomicU64; 16],
    not_by_turns: AtomicU64,
    inside: AtomicU64,
    at_once: AtomicU64,
    sides: [OfASide; 2],
    /// Of a side: not the thread that it was before.
    pub moved: AtomicU64,
    /// Switches of others that the scene has made meanwhile.
    pub noise: AtomicU64,
    /// Something that a scene counts.
    pub marks: [AtomicU64; 4],
    /// Which child is to stop on its way out, and which has.
    pub stop: [AtomicU64; 2],
    pub clock: Clock,
}

/// What is known of one side.
pub struct OfASide {
    pub pid: AtomicU64,
    pub tid: AtomicU64,
    /// Its switches when its first turn began, and when its latest ended.
    first: AtomicU64,
    last: AtomicU64,
    /// The CPU on which all of its turns were pinned, plus 1; 0 if there was none such.
    pub cpu: AtomicU64,
}

/// The time of the clock in `clock.rs`.
pub struct Clock {
    pub is_on: AtomicU64,
    pub seconds: AtomicU64,
    pub nanoseconds: AtomicU64,
}

/// Of a child that stops on its way out.
pub fn stop_on_the_way_out() -> StopOnTheWayOut {
    let [who, stopped] = &board().stop;
    StopOnTheWayOut { who, stopped }
}

static BOARD: OnceLock<&Board> = OnceLock::new();

pub fn is_there() -> Option<&'static Board> {
    BOARD.get().copied()
}

pub fn board() -> &'static Board {
    BOARD.get_or_init(|| {
        let length = NonZeroUsize::new(size_of::<Board>()).expect("a board has a size");
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice changes no memory that is in use.
        let memory = unsafe { mmap_anonymous(None, length, access, flags) };
        let memory = memory.expect("there is room for a board").cast();
        // SAFETY: the mapping is aligned to a page, all zeros, large enough, and never unmapped.
        unsafe { memory.as_ref() }
    })
}

/// Voluntary and involuntary, of the calling thread.
pub fn switches() -> [u64; 2] {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("a thread has a usage");
    [usage.voluntary_context_switches(), usage.involuntary_context_switches()]
        .map(i64::unsigned_abs)
}

/// Of this process and of all its children that have been waited for.
pub fn switches_of_all() -> u64 {
    let of = |who| {
        let usage = getrusage(who).expect("a process has a usage");
        usage.voluntary_context_switches() + usage.involuntary_context_switches()
    };
    (of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN)).unsigned_abs()
}

/// The CPUs on which the calling thread may run.
pub fn allowed() -> Vec<usize> {
    allowed_of(Pid::from_raw(0))
}

pub fn allowed_of(thread: Pid) -> Vec<usize> {
    let set = sched_getaffinity(thread).expect("a thread has an affinity");
    (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu) == Ok(true)).collect()
}

/// A turn, as long as this lives.
pub struct Turn {
    side: Side,
    /// How many turns have begun, this one among them.
    pub number: u64,
}

impl Board {
    pub fn forget(&self) {
        let of_sides =
            self.sides.iter().flat_map(|it| [&it.pid, &it.tid, &it.first, &it.last, &it.cpu]);
        let counts = [&self.turns, &self.not_by_turns, &self.inside, &self.at_once, &self.moved];
        for number in counts.into_iter().chain(&self.log).chain(of_sides) {
            number.store(0, SeqCst);
        }
    }

    pub fn side(&self, side: Side) -> &OfASide {
        &self.sides[usize::from(side == Side::Pong)]
    }

    pub fn turns(&self) -> u64 {
        self.turns.load(SeqCst)
    }

    pub fn begin(&self, side: Side) -> Turn {
        let before = self.turns.fetch_add(1, SeqCst);
        if let Some(entry) = self.log.get(before as usize) {
            entry.store(1 + u64::from(side == Side::Pong), SeqCst);
        }
        let next = match before % 2 {
            0 => Side::Ping,
            _ => Side::Pong,
        };
        self.not_by_turns.fetch_add(u64::from(side != next), SeqCst);
        self.at_once.fetch_add(u64::from(self.inside.fetch_add(1, SeqCst) > 0), SeqCst);
        let of_side = self.side(side);
        let own = [getpid(), gettid()].map(|id| id.as_raw() as u64);
        let cpu = match allowed()[..] {
            [cpu] => cpu as u64 + 1,
            _ => 0,
        };
        if before < 2 {
            of_side.pid.store(own[0], SeqCst);
            of_side.tid.store(own[1], SeqCst);
            of_side.cpu.store(cpu, SeqCst);
            of_side.first.store(switches().iter().sum(), SeqCst);
        } else if own != [&of_side.pid, &of_side.tid].map(|id| id.load(SeqCst)) {
            self.moved.fetch_add(1, SeqCst);
        }
        if of_side.cpu.load(SeqCst) != cpu {
            of_side.cpu.store(0, SeqCst);
        }
        Turn { side, number: before + 1 }
    }

    /// The turns in words.
    pub fn told(&self) -> String {
        let turns = self.turns();
        let count = |number: &AtomicU64| number.load(SeqCst);
        let order = match turns {
            0 => "none".to_owned(),
            1..=16 => {
                let names = self.log[..turns as usize].iter().map(|entry| match count(entry) {
                    1 => "Ping",
                    _ => "Pong",
                });
                names.collect::<Vec<_>>().join(" ")
            }
            _ if count(&self.not_by_turns) == 0 => format!("{turns}, by turns"),
            _ => format!("{turns}, not by turns"),
        };
        match count(&self.at_once) {
            0 => order,
            _ => format!("{order}, with two at once"),
        }
    }

    /// What the two sides themselves have seen of their switches.
    pub fn seen(&self) -> u64 {
        let of = |it: &OfASide| it.last.load(SeqCst) - it.first.load(SeqCst);
        match self.sides[0].tid.load(SeqCst) == self.sides[1].tid.load(SeqCst) {
            // Two tasks: one thread.
            true => self.sides[1].last.load(SeqCst) - self.sides[0].first.load(SeqCst),
            false => self.sides.iter().map(of).sum(),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let board = board();
        board.side(self.side).last.store(switches().iter().sum(), SeqCst);
        board.inside.fetch_sub(1, SeqCst);
    }
}
