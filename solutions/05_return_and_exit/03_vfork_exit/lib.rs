//! Guests in the parent's room: what a vfork child may do there, and what it must not.
//!
//! Why it works: the guest's memory is the host's. So an answer, or an errno, needs no pipe: it is
//! written to a variable of the host's function, and the host, which is suspended until the guest
//! has left, reads it afterwards. For the same reason a guest does nothing that the host would have
//! to do again: it prepares nothing on the heap, and leaves by the system call and not by exit(3).

// A closure that runs in a vfork child is unsafe to start: it works in its host's memory.
#![allow(unsafe_code)]

pub mod evidence;
pub mod vfork;

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use evidence::{Aftermath, Leaving, Who};
use vfork::Call;

/// Has a vfork child do the work, and returns the result when the child is gone and waited for.
///
/// All 32 bits of it: an exit status has only 8. A guest that a signal has ended has no answer: do not
/// make one up. Several threads may call this, and all below, at the same time.
pub fn ask(mut work: impl FnMut() -> i32) -> Result<i32, Errno> {
    let mut answer = None;
    let guest = || {
        answer = Some(work());
        0
    };
    // SAFETY: the guest writes one variable, which the host reads afterwards; the rest is `work`'s.
    let pid = unsafe { vfork::vfork(guest) }?;
    wait_for(pid)?;
    Ok(answer.expect("a guest whose work returned has left an answer"))
}

/// Has a vfork child leave in this way with this code; waits for it and returns its exit code.
pub fn visit(leaving: Leaving, code: u8) -> Result<i32, Errno> {
    let guest = || -> c_int {
        match leaving {
            // SAFETY: _exit(2) touches no memory.
            Leaving::UnderscoreExit => unsafe { libc::_exit(code.into()) },
            // SAFETY: none. exit(3) in a vfork child is undefined (vfork(2)); that is the point of
            // the experiment, whose host does little more than write a word afterwards.
            Leaving::Exit => unsafe { libc::exit(code.into()) },
        }
    };
    // SAFETY: see the two lines above.
    let pid = unsafe { vfork::vfork(guest) }?;
    match wait_for(pid)? {
        WaitStatus::Exited(_, code) => Ok(code),
        other => panic!("the guest did not leave by itself: {other:?}"),
    }
}

/// Which process does what the host had left for its own exit, if a guest has left in this way
/// before.
pub fn aftermath(leaving: Leaving) -> Aftermath {
    let who = match leaving {
        // The system call knows of no handler and no buffer: they wait for the host's own exit.
        Leaving::UnderscoreExit => Who::Host,
        // The list of handlers and the buffers are in the shared memory. exit(3) takes each handler
        // off the list and empties each buffer, so the host's own exit finds nothing to do.
        Leaving::Exit => Who::Guest,
    };
    Aftermath { handlers: who, buffers: who }
}

/// What [`vfork::canary`] brings back: what a host finds in its frame when its child has returned.
pub fn found_in_frame(call: Call) -> usize {
    match call {
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
    // Made by the host: what the guest allocates, an exec would never give back.
    let args = null_terminated(args);
    let env = null_terminated(env);
    let mut error = None;
    let guest = || {
        // SAFETY: the path is a C string and both lists end with a null pointer; all of them
        // outlive the call. It returns only if it has failed (execve(2)).
        unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) };
        error = Some(Errno::last());
        // The exit code of the guest, by _exit. Nobody will hear of it: the host has the errno.
        127
    };
    // SAFETY: execve(2) is all that the guest calls; if it returns, the guest writes one variable,
    // which the host reads afterwards.
    let pid = unsafe { vfork::vfork(guest) }?;
    // The host goes on when the guest has become the program or has left: by now it is decided.
    match error {
        None => Ok(pid),
        Some(errno) => {
            wait_for(pid)?;
            Err(errno)
        }
    }
}

/// Waits for this child and no other. A signal handler that interrupts the wait is no reason to leave
/// a zombie: then it waits again.
fn wait_for(pid: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            waited => return waited,
        }
    }
}

/// The form in which execve(2) takes a list of strings.
fn null_terminated(strings: &[&CStr]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}
