//! What two threads, or two processes, might share. Given.
//!
//! A [`Probe`] changes one such resource, and looks at it.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::env;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource as Limit, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::sys::stat::{Mode, umask};

/// Something that a thread or a process has: its own, or together with others.
#[derive(Debug, Clone, Copy)]
pub enum Resource {
    /// A `static`.
    Static,
    /// A word on the heap.
    Heap,
    /// A word on the stack of the thread that makes the change. The other side has a reference to it.
    Stack,
    /// A `thread_local!`.
    ThreadLocal,
    /// The error number of the last call of the C library that failed: errno(3).
    Errno,
    /// The working directory: chdir(2).
    WorkingDirectory,
    /// The file mode creation mask: umask(2).
    Umask,
    /// The environment: environ(7).
    Environment,
    /// Whether a descriptor is open: close(2).
    Descriptor,
    /// Where an open file is read next: lseek(2).
    Offset,
    /// What a signal does when it comes: sigaction(2).
    Disposition,
    /// Which signals are blocked: pthread_sigmask(3).
    Mask,
    /// How willingly a CPU is left to others: setpriority(2). Where the nice value is the largest already, the
    /// scheduling policy is changed instead: without a privilege, a nice value only grows.
    Nice,
    /// The most descriptors: RLIMIT_NOFILE in setrlimit(2).
    Limit,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Resource; 14] = [
        Resource::Static,
        Resource::Heap,
        Resource::Stack,
        Resource::ThreadLocal,
        Resource::Errno,
        Resource::WorkingDirectory,
        Resource::Umask,
        Resource::Environment,
        Resource::Descriptor,
        Resource::Offset,
        Resource::Disposition,
        Resource::Mask,
        Resource::Nice,
        Resource::Limit,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Static => "a static",
            Resource::Heap => "a word on the heap",
            Resource::Stack => "a word on the stack",
            Resource::ThreadLocal => "a thread-local",
            Resource::Errno => "errno",
            Resource::WorkingDirectory => "the working directory",
            Resource::Umask => "the umask",
            Resource::Environment => "the environment",
            Resource::Descriptor => "an open descriptor",
            Resource::Offset => "the offset of an open file",
            Resource::Disposition => "a signal's disposition",
            Resource::Mask => "the signal mask",
            Resource::Nice => "the nice value",
            Resource::Limit => "a resource limit",
        }
    }
}

/// A line of the inventory: on which other side a change of the resource is seen.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is changed.
    pub resource: Resource,
    /// Whether another thread of the process sees the change.
    pub thread_sees: bool,
    /// Whether a child process sees it that was there before the change.
    pub process_sees: bool,
}

/// Changes a resource of the thread that calls [`Probe::change`], and reads that of the thread that calls
/// [`Probe::look`]. Where a probe is, there is its word on the stack.
#[derive(Debug)]
pub struct Probe {
    resource: Resource,
    on_the_stack: AtomicU64,
    on_the_heap: Box<AtomicU64>,
    file: File,
    /// A second descriptor of the file, and its number.
    descriptor: Mutex<Option<OwnedFd>>,
    number: RawFd,
}

static STATIC: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// It begins with another value in each thread.
    static LOCAL: Cell<u64> = {
        static THREADS: AtomicU64 = AtomicU64::new(1);
        Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) << 32)
    };
}

/// The words in memory change by this much: it is lost in fewer than 40 bits.
const STEP: u64 = 1 << 40;

/// Its disposition and its place in the mask are looked at. Nobody sends it.
const SIGNAL: Signal = Signal::SIGURG;

/// The variable that is changed.
const VARIABLE: &str = "SHOPFLOOR_PROBE";

/// Two errors that no call of an exercise has; see errno(3).
const ERRNOS: [i32; 2] = [libc::ENOANO, libc::EBADSLT];

impl Probe {
    /// A probe of this resource. It changes nothing yet.
    ///
    /// # Errors
    /// If there is no file or no descriptor to be had.
    pub fn new(resource: Resource) -> io::Result<Self> {
        let file = File::from(memfd_create("probe", MFdFlags::MFD_CLOEXEC)?);
        // A high number: what is opened later gets the lowest that is free (open(2)).
        let number = fcntl(file.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(100))?;
        // SAFETY: the number is new, and nobody else knows it (F_DUPFD_CLOEXEC in fcntl(2)).
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self {
            resource,
            on_the_stack: AtomicU64::new(0),
            on_the_heap: Box::new(AtomicU64::new(0)),
            file,
            descriptor: Mutex::new(Some(descriptor)),
            number,
        })
    }

    /// Changes the resource, and says what [`Probe::look`] of this thread says from now on.
    ///
    /// A change of the environment asks that no other thread uses the environment meanwhile
    /// ([`std::env::set_var`]).
    ///
    /// # Panics
    /// If the resource does not change: the limit is 0 already, for one.
    pub fn change(&self) -> u64 {
        let before = self.look();
        self.make_the_change().expect("the resource can be changed");
        let after = self.look();
        assert_ne!(before, after, "{} has not changed", self.resource.name());
        after
    }

    fn make_the_change(&self) -> io::Result<()> {
        match self.resource {
            Resource::Static => _ = STATIC.fetch_add(STEP, Ordering::Relaxed),
            Resource::Heap => _ = self.on_the_heap.fetch_add(STEP, Ordering::Relaxed),
            Resource::Stack => _ = self.on_the_stack.fetch_add(STEP, Ordering::Relaxed),
            Resource::ThreadLocal => LOCAL.set(LOCAL.get() + STEP),
            Resource::Errno => {
                let other = ERRNOS.into_iter().find(|errno| *errno != Errno::last_raw());
                Errno::set_raw(other.expect("two errors are not one"));
            }
            Resource::WorkingDirectory => {
                env::set_current_dir(if self.look() == 1 { "/proc" } else { "/" })?
            }
            Resource::Umask => _ = umask(umask(Mode::empty()) ^ Mode::S_IRWXG),
            Resource::Environment => {
                // SAFETY: the caller of `change` sees to it that no other thread uses the environment.
                unsafe { env::set_var(VARIABLE, (self.look() + STEP).to_string()) };
            }
            Resource::Descriptor => {
                drop(self.descriptor.lock().expect("nobody panics here").take())
            }
            Resource::Offset => _ = (&self.file).seek(SeekFrom::Current(STEP as i64))?,
            Resource::Disposition => {
                let other = if self.look() == 0 { libc::SIG_IGN } else { libc::SIG_DFL };
                // SAFETY: SIG_IGN and SIG_DFL are no functions that would have to be sound (signal(2)).
                unsafe { libc::signal(SIGNAL as i32, other) };
            }
            Resource::Mask => {
                let how =
                    if self.look() == 0 { SigmaskHow::SIG_BLOCK } else { SigmaskHow::SIG_UNBLOCK };
                pthread_sigmask(how, Some(&SigSet::from(SIGNAL)), None)?;
            }
            Resource::Nice if nice() == 19 => {
                let other = if policy() == libc::SCHED_OTHER {
                    libc::SCHED_BATCH
                } else {
                    libc::SCHED_OTHER
                };
                set_policy(other)?;
            }
            Resource::Nice => set_nice(nice() + 1)?,
            Resource::Limit => {
                let (soft, hard) = getrlimit(Limit::RLIMIT_NOFILE)?;
                setrlimit(Limit::RLIMIT_NOFILE, soft - 1, hard)?;
            }
        }
        Ok(())
    }

    /// How the resource is for this thread. Of no resource it says what it says of another state.
    pub fn look(&self) -> u64 {
        match self.resource {
            Resource::Static => STATIC.load(Ordering::Relaxed),
            Resource::Heap => self.on_the_heap.load(Ordering::Relaxed),
            Resource::Stack => self.on_the_stack.load(Ordering::Relaxed),
            Resource::ThreadLocal => LOCAL.get(),
            Resource::Errno => Errno::last_raw() as u64,
            Resource::WorkingDirectory => {
                u64::from(env::current_dir().is_ok_and(|directory| directory.as_os_str() == "/"))
            }
            Resource::Umask => {
                // umask(2) tells the mask only to whoever sets it.
                let mask = umask(Mode::empty());
                umask(mask);
                mask.bits().into()
            }
            Resource::Environment => {
                let text = env::var(VARIABLE).unwrap_or_default();
                text.parse().unwrap_or_default()
            }
            Resource::Descriptor => {
                // SAFETY: F_GETFD takes a number, which need not be open (fcntl(2)).
                let flags = unsafe { libc::fcntl(self.number, libc::F_GETFD) };
                u64::from(flags != -1)
            }
            Resource::Offset => (&self.file).stream_position().expect("a file has an offset"),
            Resource::Disposition => is_ignored(SIGNAL).into(),
            Resource::Mask => {
                let mask = SigSet::thread_get_mask().expect("a thread has a mask");
                mask.contains(SIGNAL).into()
            }
            Resource::Nice => ((policy() as u64) << 8) + (nice() + 20) as u64,
            Resource::Limit => getrlimit(Limit::RLIMIT_NOFILE).expect("a process has limits").0,
        }
    }
}

/// Of the calling thread: on Linux, a `who` of 0 is that (setpriority(2)).
fn nice() -> i32 {
    // SAFETY: getpriority(2) takes two integers and touches no memory of ours.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}

fn set_nice(nice: i32) -> nix::Result<()> {
    // SAFETY: setpriority(2) takes three integers and touches no memory of ours.
    Errno::result(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }).map(drop)
}

/// Of the calling thread: that is a pid of 0 (sched_setscheduler(2)).
fn policy() -> i32 {
    // SAFETY: sched_getscheduler(2) takes an integer and touches no memory of ours.
    unsafe { libc::sched_getscheduler(0) }
}

/// Sets one of the policies that are not real-time: their priority is 0, and they ask for no privilege (sched(7)).
fn set_policy(policy: i32) -> nix::Result<()> {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: sched_setscheduler(2) only reads the structure, which lives until it returns.
    Errno::result(unsafe { libc::sched_setscheduler(0, policy, &priority) }).map(drop)
}

fn is_ignored(signal: Signal) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action sigaction(2) only fills in the old one, which has room here.
    let failed = unsafe { libc::sigaction(signal as i32, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: a structure of integers and an optional function is valid with all bits zero.
    let action = unsafe { action.assume_init() };
    failed == 0 && action.sa_sigaction == libc::SIG_IGN
}
