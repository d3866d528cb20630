//! The board in the hall: memory that the scheduler's program and all jobs share. Given.
//!
//! A job reads there whether its turn has begun, and writes there what it finds amiss.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};

use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use testkit::procfs::{child_ids, command_line, process_state};

/// So many jobs have a place on it.
pub const JOBS: usize = 48;

const AMISS: usize = 64;

/// What a job writes of itself, and what it reads.
#[derive(Default)]
pub struct Place {
    /// Its process; 0 until it is known.
    pub pid: AtomicI32,
    /// How many turns it has been given.
    pub turn: AtomicU32,
    /// The CPUs that it may use: their count, and the first.
    pub cpus: AtomicU64,
    /// The signals that were blocked when it began.
    pub mask: AtomicU64,
    /// Its parent; 0 until it has begun.
    pub parent: AtomicI32,
    /// Its process group.
    pub group: AtomicI32,
    /// How long it has worked in its last turn before it stopped by itself, in nanoseconds of CPU time.
    pub worked: AtomicU64,
}

/// The whole board. All of it is zero at first.
pub struct Board {
    /// A place for each job.
    pub places: [Place; JOBS],
    /// Set by a process that is no job.
    pub child_ran: AtomicU32,
    count: AtomicU32,
    amiss: [AtomicU64; AMISS],
}

/// Something that must not be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amiss {
    /// When this job began, or began its turn, that other one was not stopped.
    Beside { job: usize, other: usize, at_start: bool },
    /// The policy was asked or told something while this job was not stopped.
    NotStopped { job: usize },
    /// This job's turn ended although it had slept.
    CutShort { job: usize },
    /// This job was never stopped.
    NeverStopped { job: usize },
    /// `run` does not sleep while this job runs.
    Spins { job: usize },
    /// What this job has started did not run while it was stopped.
    ChildStopped { job: usize },
    /// This job ran although its turn had not begun.
    NoTurn { job: usize },
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Amiss::Beside { job, other, at_start: false } => {
                write!(f, "job {job} had a turn while job {other} was not stopped")
            }
            Amiss::Beside { job, other, at_start: true } => {
                write!(f, "job {job} was started while job {other} was not stopped")
            }
            Amiss::NotStopped { job } => {
                write!(f, "the policy heard or was asked while job {job} was not stopped")
            }
            Amiss::CutShort { job } => write!(f, "job {job} was stopped while it slept"),
            Amiss::NeverStopped { job } => write!(f, "job {job} used far more than its slice"),
            Amiss::Spins { job } => write!(f, "run did not sleep while job {job} had its turn"),
            Amiss::ChildStopped { job } => {
                write!(f, "a process that job {job} had started was stopped with it")
            }
            Amiss::NoTurn { job } => write!(f, "job {job} went on, and had no turn"),
        }
    }
}

impl Amiss {
    fn to_number(self) -> u64 {
        let (kind, job, other) = match self {
            Amiss::Beside { job, other, at_start } => (u64::from(at_start), job, other),
            Amiss::NotStopped { job } => (2, job, 0),
            Amiss::CutShort { job } => (3, job, 0),
            Amiss::NeverStopped { job } => (4, job, 0),
            Amiss::Spins { job } => (5, job, 0),
            Amiss::ChildStopped { job } => (6, job, 0),
            Amiss::NoTurn { job } => (7, job, 0),
        };
        kind << 32 | (job as u64) << 16 | other as u64
    }

    fn from_number(number: u64) -> Self {
        let job = (number >> 16 & 0xffff) as usize;
        let other = (number & 0xffff) as usize;
        match number >> 32 {
            kind @ 0..=1 => Amiss::Beside { job, other, at_start: kind == 1 },
            2 => Amiss::NotStopped { job },
            3 => Amiss::CutShort { job },
            4 => Amiss::NeverStopped { job },
            5 => Amiss::Spins { job },
            6 => Amiss::ChildStopped { job },
            _ => Amiss::NoTurn { job },
        }
    }
}

impl Board {
    /// A new board, and the descriptor by which jobs find it: they inherit it.
    pub fn create() -> io::Result<(&'static Self, RawFd)> {
        let file = File::from(memfd_create("board", MFdFlags::empty())?);
        file.set_len(size_of::<Self>() as u64)?;
        let board = Self::map(&file)?;
        let fd = file.as_raw_fd();
        // It is open as long as the program runs.
        std::mem::forget(file);
        Ok((board, fd))
    }

    /// The board that the parent has made.
    pub fn open(fd: RawFd) -> io::Result<&'static Self> {
        // SAFETY: the descriptor is inherited, and nothing else in this process owns it.
        let file = unsafe { File::from_raw_fd(fd) };
        let board = Self::map(&file);
        std::mem::forget(file);
        board
    }

    fn map(file: &File) -> io::Result<&'static Self> {
        let length = NonZeroUsize::new(size_of::<Self>()).expect("a board is not empty");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice changes no memory that is in use.
        let memory = unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, file, 0) }?;
        // SAFETY: it is as large as a board, begins at a page, is never unmapped, and a board of zeros is
        // one: all of it are atomic numbers.
        Ok(unsafe { memory.cast::<Self>().as_ref() })
    }

    /// Takes note of the processes of all jobs that this parent has started.
    pub fn find_jobs(&self, parent: i32) {
        for pid in child_ids(parent) {
            let words = command_line(pid);
            // `PROGRAM job BOARD NUMBER …`; one that has not exec'd yet has its parent's.
            if let [_, job, _, number, ..] = &words[..]
                && job == "job"
                && let Some(place) = number.parse().ok().and_then(|it: usize| self.places.get(it))
            {
                place.pid.store(pid, SeqCst);
            }
        }
    }

    /// Takes note of something that must not be.
    pub fn report(&self, amiss: Amiss) {
        let index = self.count.fetch_add(1, SeqCst) as usize;
        if let Some(place) = self.amiss.get(index) {
            place.store(amiss.to_number(), SeqCst);
        }
    }

    /// All jobs that have begun are stopped, or have ended: the policy is heard or asked.
    pub fn require_that_all_are_stopped(&self) {
        for job in self.not_stopped() {
            self.report(Amiss::NotStopped { job });
        }
    }

    /// Whether anything was.
    pub fn has_reports(&self) -> bool {
        self.count.load(SeqCst) > 0
    }

    /// All that was, each once.
    pub fn reports(&self) -> Vec<Amiss> {
        let count = (self.count.load(SeqCst) as usize).min(AMISS);
        let mut all: Vec<Amiss> =
            self.amiss[..count].iter().map(|it| Amiss::from_number(it.load(SeqCst))).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The jobs that have begun, are not stopped, and have not ended.
    pub fn not_stopped(&self) -> impl Iterator<Item = usize> {
        self.places.iter().enumerate().filter_map(|(job, place)| match place.pid.load(SeqCst) {
            0 => None,
            pid => match process_state(pid) {
                None | Some('T' | 't' | 'Z' | 'X') => None,
                Some(_) => Some(job),
            },
        })
    }
}

impl Place {
    /// Begins the job's next turn.
    pub fn give_turn(&self) {
        self.turn.fetch_add(1, SeqCst);
        futex(&self.turn, libc::FUTEX_WAKE, u32::MAX >> 1);
    }

    /// Sleeps until the job has been given so many turns.
    pub fn await_turn(&self, turn: u32) {
        loop {
            let now = self.turn.load(SeqCst);
            if now >= turn {
                return;
            }
            // It returns when the number has changed, also after a stop: the kernel looks at it again.
            futex(&self.turn, libc::FUTEX_WAIT, now);
        }
    }
}

/// futex(2) without a time limit, on a word that processes share.
fn futex(word: &AtomicU32, operation: i32, value: u32) {
    let no_limit = ptr::null::<libc::timespec>();
    // SAFETY: the word is mapped, and the kernel only reads it (futex(2)).
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, no_limit) };
}
