//! Another mechanism: a pair of sockets carries both messages; threads have a mutex and a condition variable.
//!
//! The guard `Told` sends the word when it is dropped, so a panic needs no `catch_unwind`: it unwinds by way
//! of the guard, and only then to the caller. `inventory` sends one child out for the whole table.
#![allow(unsafe_code)] // fork(2) and _exit(2)

pub mod resource;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
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
    let (word, has_come) = (Mutex::new(None), Condvar::new());
    let is_to_look = || {
        let word = word.lock().unwrap_or_else(PoisonError::into_inner);
        let word = has_come.wait_while(word, |word| word.is_none());
        *word.unwrap_or_else(PoisonError::into_inner) == Some(true)
    };
    thread::scope(|scope| {
        let other = thread::Builder::new()
            .spawn_scoped(scope, || if is_to_look() { Some(look()) } else { None })?;
        // Dropped in this order reversed, also by a panic: the word is sent, then the thread is waited for.
        let other = Other(Some(other));
        let told = Told::by(|is_to_look| {
            *word.lock().unwrap_or_else(PoisonError::into_inner) = Some(is_to_look);
            has_come.notify_one();
        });
        change();
        told.after_the_change();
        let answer = other.join().flatten();
        answer.ok_or_else(|| io::Error::other("no answer"))
    })
}

/// A thread that is joined when it is dropped. The scope alone would wait for the end of its closure only.
struct Other<'scope>(Option<ScopedJoinHandle<'scope, Option<u64>>>);

impl Other<'_> {
    fn join(mut self) -> Option<Option<u64>> {
        self.0.take()?.join().ok()
    }
}

impl Drop for Other<'_> {
    fn drop(&mut self) {
        let _ = self.0.take().map(ScopedJoinHandle::join);
    }
}

/// Sends its word when it is dropped: to look, or, in a panic, not to.
struct Told<F: FnMut(bool)> {
    tell: F,
    is_to_look: bool,
}

impl<F: FnMut(bool)> Told<F> {
    fn by(tell: F) -> Self {
        Self { tell, is_to_look: false }
    }

    fn after_the_change(mut self) {
        self.is_to_look = true;
    }
}

impl<F: FnMut(bool)> Drop for Told<F> {
    fn drop(&mut self) {
        (self.tell)(self.is_to_look);
    }
}

/// A child that is reaped when it is dropped.
struct Child(Pid);

impl Drop for Child {
    fn drop(&mut self) {
        while waitid(Id::Pid(self.0), WaitPidFlag::WEXITED) == Err(Errno::EINTR) {}
    }
}

fn across_processes(change: impl FnOnce(), look: impl FnOnce() -> u64) -> io::Result<u64> {
    let (mut here, mut there) = UnixStream::pair()?;
    // SAFETY: this is the only thread of the process (see `across`), so the child may call any function.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => Child(child),
        ForkResult::Child => end_after(|| {
            drop(here);
            let mut is_to_look = [0];
            there.read_exact(&mut is_to_look)?;
            if is_to_look == [1] { there.write_all(&look().to_be_bytes()) } else { Ok(()) }
        }),
    };
    drop(there);
    // Dropped in this order reversed, also by a panic: the word is sent, then the child is waited for.
    let _child = child;
    let told = Told::by(|is_to_look| _ = here.write_all(&[u8::from(is_to_look)]));
    change();
    told.after_the_change();
    let mut bytes = [0; 8];
    here.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
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
    // Two bits for each resource; a bit that no resource has says that something went wrong.
    let table = across(Boundary::Process, || (), || table().unwrap_or(u64::MAX))?;
    if table == u64::MAX {
        return Err(io::Error::other("the experiments failed in their child process"));
    }
    let bit = |index: usize| table >> index & 1 == 1;
    let rows = Resource::ALL.into_iter().enumerate();
    let row = |(index, resource)| Row {
        resource,
        thread_sees: bit(2 * index),
        process_sees: bit(2 * index + 1),
    };
    Ok(rows.map(row).collect())
}

fn table() -> io::Result<u64> {
    let mut table = 0;
    for (index, resource) in Resource::ALL.into_iter().enumerate() {
        table |= u64::from(measure(resource, Boundary::Thread)?) << (2 * index);
        table |= u64::from(measure(resource, Boundary::Process)?) << (2 * index + 1);
    }
    Ok(table)
}
