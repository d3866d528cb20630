//! Another mechanism: both sides see the same words, and sleep on a futex, across threads as across processes.
//!
//! For a child the words are in a page that is shared (MAP_SHARED), so the futexes must not be the private
//! ones. The answer is in the page, too, and is read when the child has ended: no pipe, no descriptor.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod resource;

use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use resource::{Probe, Resource, Row};

/// What lies between two sides.
#[derive(Debug, Clone, Copy)]
pub enum Boundary {
    /// The other side is a new thread of this process.
    Thread,
    /// The other side is a new child process.
    Process,
}

/// Runs `change` on the calling thread, then `look` on the other side, and returns what `look` returns.
///
/// The other side is there before `change` begins, with all that it inherits, and sleeps until `change` has ended.
/// `change` may leave processes behind, which live on. The caller sleeps until the answer is there: any `u64`, whole.
/// On return the other side has ended (a thread: with the destructors of its thread-locals), a child is reaped, and
/// no other child of the caller has been waited for. A caller may ignore SIGCHLD, and does ignore SIGPIPE, as Rust
/// programs do; a signal that it handles changes nothing. A child ends in here: it runs no exit handler of the caller
/// and no destructor but of what `look` owns, and writes nothing that the caller has printed.
///
/// If `change` panics, `look` does not run, and the panic goes on to the caller, with its payload, when the
/// other side has ended. Many threads may call this at once with [`Boundary::Thread`];
/// [`Boundary::Process`] is for a process with one thread (fork(2)).
///
/// # Errors
/// If the other side cannot be made (then `change` does not run), or gives no answer: `look` panics, or a child
/// exits in it or is killed.
pub fn across(
    boundary: Boundary,
    change: impl FnOnce(),
    look: impl FnOnce() -> u64 + Send,
) -> io::Result<u64> {
    match boundary {
        Boundary::Thread => across_threads(change, look),
        Boundary::Process => across_processes(change, look),
    }
}

fn across_threads(change: impl FnOnce(), look: impl FnOnce() -> u64 + Send) -> io::Result<u64> {
    let words = Words::default();
    let change = thread::scope(|scope| {
        let other =
            thread::Builder::new().spawn_scoped(scope, || words.look_after_the_change(look))?;
        let change = panic::catch_unwind(AssertUnwindSafe(change));
        words.tell(change.is_ok());
        // Its panic is told by the answer that is missing.
        let _ = other.join();
        io::Result::Ok(change)
    })?;
    change.unwrap_or_else(|payload| panic::resume_unwind(payload));
    words.answer()
}

/// What passes between the two sides.
#[derive(Default)]
struct Words {
    /// [`WAITS`] until the change has ended, and then one of the others.
    state: AtomicU32,
    has_answer: AtomicU32,
    answer: AtomicU64,
}

const WAITS: u32 = 0;
const MADE: u32 = 1;
const PANICKED: u32 = 2;

impl Words {
    fn look_after_the_change(&self, look: impl FnOnce() -> u64) {
        while self.state.load(Ordering::Acquire) == WAITS {
            self.futex(libc::FUTEX_WAIT, WAITS);
        }
        if self.state.load(Ordering::Acquire) == MADE {
            self.answer.store(look(), Ordering::Relaxed);
            self.has_answer.store(1, Ordering::Release);
        }
    }

    fn tell(&self, is_made: bool) {
        self.state.store(if is_made { MADE } else { PANICKED }, Ordering::Release);
        self.futex(libc::FUTEX_WAKE, 1);
    }

    fn answer(&self) -> io::Result<u64> {
        if self.has_answer.load(Ordering::Acquire) == 0 {
            return Err(io::Error::other("the other side has ended without an answer"));
        }
        Ok(self.answer.load(Ordering::Relaxed))
    }

    /// Not FUTEX_PRIVATE_FLAG: the other side may be another process (futex(2)). Whoever calls it looks again.
    fn futex(&self, operation: libc::c_int, value: u32) {
        let no_timeout = ptr::null::<libc::timespec>();
        // SAFETY: the word lives and is aligned, and no timeout is given (futex(2)).
        unsafe {
            libc::syscall(libc::SYS_futex, self.state.as_ptr(), operation, value, no_timeout)
        };
    }
}

/// Words in a page that a child shares with its parent.
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

fn across_processes(change: impl FnOnce(), look: impl FnOnce() -> u64) -> io::Result<u64> {
    let page = Page::new()?;
    // SAFETY: this is the only thread of the process (see `across`), so the child may call any function.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => end_after(|| {
            page.words().look_after_the_change(look);
            Ok(())
        }),
    };
    let change = panic::catch_unwind(AssertUnwindSafe(change));
    page.words().tell(change.is_ok());
    wait_for(child)?;
    change.unwrap_or_else(|payload| panic::resume_unwind(payload));
    page.words().answer()
}

/// The rest of a child's life. It neither returns nor unwinds: all frames above are the parent's affair.
fn end_after(body: impl FnOnce() -> io::Result<()>) -> ! {
    let ended = panic::catch_unwind(AssertUnwindSafe(body));
    let code = i32::from(!matches!(ended, Ok(Ok(()))));
    // Its destructor is code like any other: it could panic, too.
    std::mem::forget(ended);
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

/// Whether a change of this resource is seen on the other side. The caller itself stays as it was: a child
/// makes the change. Every call gives the same answer.
///
/// # Errors
/// As [`across`], and if there is no [`resource::Probe`] or it cannot make the change.
pub fn is_seen(resource: Resource, boundary: Boundary) -> io::Result<bool> {
    // The whole experiment is what this child looks at; the change on this side is none.
    let answer =
        across(Boundary::Process, || (), || measure(resource, boundary).map_or(ERROR, u64::from))?;
    match answer {
        ERROR => Err(io::Error::other("the experiment failed in its child process")),
        is_seen => Ok(is_seen == 1),
    }
}

/// What the child answers if it has neither a yes nor a no.
const ERROR: u64 = 2;

/// As [`is_seen`], with the change made in this process.
fn measure(resource: Resource, boundary: Boundary) -> io::Result<bool> {
    let probe = Probe::new(resource)?;
    let mut made = 0;
    let seen = across(boundary, || made = probe.change(), || probe.look())?;
    // Not whether the two sides differ from before: each may have begun with a value of its own.
    Ok(seen == made)
}

/// One row for each resource, in the order of [`Resource::ALL`].
///
/// # Errors
/// The first of [`is_seen`].
pub fn inventory() -> io::Result<Vec<Row>> {
    let row = |resource| {
        Ok(Row {
            resource,
            thread_sees: is_seen(resource, Boundary::Thread)?,
            process_sees: is_seen(resource, Boundary::Process)?,
        })
    };
    Resource::ALL.into_iter().map(row).collect()
}
