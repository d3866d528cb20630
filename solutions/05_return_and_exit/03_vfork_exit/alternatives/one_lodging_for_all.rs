//! All three guests are lodged by one function: it takes what a guest says, of any type, and a guard for the
//! wait.
//!
//! Why it is right: what a guest says lies in a frame of the host's, and a guest that does not come to say
//! anything, since it has become a program or has exited, leaves `None` there. The guard waits for its guest
//! unless somebody takes the guest over: no error on the way leaves a zombie.

// A closure that runs in a vfork child is unsafe to start: it works in its host's memory.
#![allow(unsafe_code)]

pub mod evidence;
pub mod vfork;

use std::ffi::{CStr, c_char, c_int};
use std::{mem, ptr};

use nix::errno::Errno;
use nix::unistd::Pid;

use evidence::{Aftermath, Leaving, Who};
use vfork::Call;

/// A guest that has left, or has become a program.
struct Guest(Pid);

impl Guest {
    /// Has a guest do this in a vfork child. What it returned is here, if it came to return.
    ///
    /// # Safety
    ///
    /// What `stay` does to the memory, it does to the host's. Its value is moved out of the guest, so it
    /// must mean the same in the host: no file descriptor, no thread.
    unsafe fn lodge<T>(mut stay: impl FnMut() -> T) -> Result<(Self, Option<T>), Errno> {
        let mut said = None;
        let guest = || {
            said = Some(stay());
            0
        };
        // SAFETY: the guest writes one variable, which the host reads afterwards; the caller vouches for the
        // rest.
        let guest = unsafe { vfork::vfork(guest) }?;
        Ok((Self(guest), said))
    }

    /// Waits until it has ended, and returns its raw wait status.
    fn wait(&self) -> Result<c_int, Errno> {
        let mut status = 0;
        loop {
            // SAFETY: `status` lives, and is written to (waitpid(2)).
            match Errno::result(unsafe { libc::waitpid(self.0.as_raw(), &mut status, 0) }) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
                Ok(_) => return Ok(status),
            }
        }
    }

    /// It is somebody else's to wait for.
    fn into_pid(self) -> Pid {
        let pid = self.0;
        mem::forget(self);
        pid
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // ECHILD: it has been waited for.
        let _ = self.wait();
    }
}

/// Has a vfork child do the work, and returns the result when the child is gone and waited for.
///
/// All 32 bits of it: an exit status has only 8. A guest that a signal has ended has no answer: do not
/// make one up. Several threads may call this, and all below, at the same time.
pub fn ask(work: impl FnMut() -> i32) -> Result<i32, Errno> {
    // SAFETY: a number means the same everywhere; the rest is the work's.
    let (_guest, answer) = unsafe { Guest::lodge(work) }?;
    Ok(answer.expect("work that has returned is an answer"))
}

/// Has a vfork child leave in this way with this code; waits for it and returns its exit code.
pub fn visit(leaving: Leaving, code: u8) -> Result<i32, Errno> {
    let leave = || match leaving {
        // SAFETY: _exit(2) touches no memory.
        Leaving::UnderscoreExit => unsafe { libc::_exit(code.into()) },
        // SAFETY: none: what becomes of the host then is the question here.
        Leaving::Exit => unsafe { libc::exit(code.into()) },
    };
    // SAFETY: see the lines above.
    let (guest, _) = unsafe { Guest::lodge::<()>(leave) }?;
    let status = guest.wait()?;
    assert!(libc::WIFEXITED(status), "the guest has not left by itself");
    Ok(libc::WEXITSTATUS(status))
}

/// Which process does what the host had left for its own exit, if a guest has left in this way
/// before.
pub fn aftermath(leaving: Leaving) -> Aftermath {
    use Who::{Guest, Host};
    let (handlers, buffers) = match leaving {
        Leaving::Exit => (Guest, Guest),
        Leaving::UnderscoreExit => (Host, Host),
    };
    Aftermath { handlers, buffers }
}

/// What [`vfork::canary`] brings back: what a host finds in its frame when its child has returned.
pub fn found_in_frame(call: Call) -> usize {
    match call {
        // The guest has overwritten a copy.
        Call::Fork => vfork::LEFT_BY_HOST,
        Call::Vfork => vfork::LEFT_BY_GUEST,
    }
}

/// Starts a program in a child process, and returns when that runs or could not be run.
///
/// `args` begins with the program's name, as in execve(2); `env` is its whole environment, each
/// entry a `NAME=value`. The caller waits for the child.
///
/// # Errors
///
/// That of the execve(2) in the child, which this function has then waited for; or that of the
/// vfork.
pub fn spawn(program: &CStr, args: &[&CStr], env: &[&CStr]) -> Result<Pid, Errno> {
    let (args, env) = (List::of(args), List::of(env));
    let become_it = || {
        // SAFETY: a path and two lists that end with null, all of which the host keeps (execve(2)).
        unsafe { libc::execve(program.as_ptr(), args.0.as_ptr(), env.0.as_ptr()) };
        Errno::last()
    };
    // SAFETY: an errno means the same everywhere, and execve(2) is all that the guest calls.
    match unsafe { Guest::lodge(become_it) }? {
        (guest, None) => Ok(guest.into_pid()),
        (_guest, Some(errno)) => Err(errno),
    }
}

/// Pointers to strings and a null pointer behind them, as execve(2) takes them.
struct List(Vec<*const c_char>);

impl List {
    fn of(strings: &[&CStr]) -> Self {
        Self(strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect())
    }
}
