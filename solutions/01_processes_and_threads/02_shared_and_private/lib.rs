//! An instrument: a change is made on one side of a boundary, and looked at from the other.
//!
//! Why it works: the other side is made first. A child is a copy of its parent at the moment of the fork, and a new
//! thread inherits what its maker has of its own; whoever is made after the change has it in any case, shared or
//! not. Then the other side sleeps until a message comes. The child's message is a byte, and not the end of the pipe:
//! there is none as long as a process that the change has left behind has the write end open, too.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod resource;

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;

use nix::errno::Errno;
use nix::libc;
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
    let (made, is_made) = mpsc::channel();
    thread::scope(|scope| {
        let other = thread::Builder::new()
            .spawn_scoped(scope, move || is_made.recv().ok().map(|()| look()))?;
        // A panic is kept until the thread has ended.
        let change = panic::catch_unwind(AssertUnwindSafe(change));
        if change.is_ok() {
            let _ = made.send(());
        }
        // If nothing was sent, this ends the wait of the other thread.
        drop(made);
        // The scope alone would wait for the closure, and not for what comes after it: destructors of thread-locals.
        let answer = other.join().unwrap_or(None);
        change.unwrap_or_else(|payload| panic::resume_unwind(payload));
        answer.ok_or_else(|| io::Error::other("the look has panicked"))
    })
}

fn across_processes(change: impl FnOnce(), look: impl FnOnce() -> u64) -> io::Result<u64> {
    let (mut is_made, mut made) = io::pipe()?;
    let (mut answer, mut tell) = io::pipe()?;
    // SAFETY: this is the only thread of the process (see `across`), so no other can hold a lock of the copied
    // memory, and the child may call any function (fork(2), signal-safety(7)).
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => end_after(|| {
            // The child's own copy: as long as it is open, there is no end-of-file.
            drop(made);
            let mut is_to_look = [0];
            is_made.read_exact(&mut is_to_look)?;
            if is_to_look == [1] { tell.write_all(&look().to_ne_bytes()) } else { Ok(()) }
        }),
    };
    // Of this pipe the child has the only write end. If it ends without an answer, that is the end of the file.
    drop(tell);
    // A panic is kept until the child has ended.
    let change = panic::catch_unwind(AssertUnwindSafe(change));
    // If the child has been killed meanwhile, it gives no answer below.
    let _ = made.write_all(&[u8::from(change.is_ok())]);
    let mut bytes = [0; 8];
    let answered = answer.read_exact(&mut bytes);
    wait_for(child)?;
    change.unwrap_or_else(|payload| panic::resume_unwind(payload));
    answered.map(|()| u64::from_ne_bytes(bytes))
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
