//! Another mechanism: the child waits for an eventfd and leaves its answer in a file without a name; the
//! thread is parked. The parent reads the file when the child has ended.
//!
//! A read of an eventfd does not end until there is a number in it, and every number is a message: no end of file
//! has to be told apart, and no end has to be closed.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod resource;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::memfd::{MFdFlags, memfd_create};
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
    let word = AtomicU8::new(0);
    let is_to_look = || {
        loop {
            match word.load(Ordering::Acquire) {
                0 => thread::park(),
                word => return word == LOOK,
            }
        }
    };
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || is_to_look().then(look))?;
        let change = panic::catch_unwind(AssertUnwindSafe(change));
        word.store(if change.is_ok() { LOOK } else { END }, Ordering::Release);
        other.thread().unpark();
        let answer = other.join();
        change.unwrap_or_else(|payload| panic::resume_unwind(payload));
        answer.ok().flatten().ok_or_else(|| io::Error::other("the look has panicked"))
    })
}

const LOOK: u8 = 1;
const END: u8 = 2;

fn across_processes(change: impl FnOnce(), look: impl FnOnce() -> u64) -> io::Result<u64> {
    let word = EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?;
    let answer = File::from(memfd_create("answer", MFdFlags::MFD_CLOEXEC)?);
    // SAFETY: this is the only thread of the process (see `across`), so the child may call any function.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => end_after(|| {
            let word = loop {
                match word.read() {
                    Err(Errno::EINTR) => {}
                    word => break word?,
                }
            };
            if word == LOOK.into() { answer.write_all_at(&look().to_ne_bytes(), 0) } else { Ok(()) }
        }),
    };
    let change = panic::catch_unwind(AssertUnwindSafe(change));
    word.write(if change.is_ok() { LOOK } else { END }.into())?;
    wait_for(child)?;
    change.unwrap_or_else(|payload| panic::resume_unwind(payload));
    // The offset of the file is the child's, too: reads and writes at a place do not use it (pread(2)).
    let mut bytes = [0; 8];
    answer.read_exact_at(&mut bytes, 0)?;
    Ok(u64::from_ne_bytes(bytes))
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
