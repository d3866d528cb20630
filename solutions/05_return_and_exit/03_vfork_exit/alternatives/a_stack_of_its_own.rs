//! clone(2) of the C library with CLONE_VM and CLONE_VFORK, which gives the guest a stack of its own.
//!
//! Why it is right: to be in the host's memory is what makes an answer arrive, and to be suspended is what
//! keeps the host from looking too early; which stack the guest's frames lie on is all one. When the
//! function returns that the guest begins with, clone's wrapper ends the guest by the system call, with what
//! it returned.

// A function that runs in a vfork child is unsafe to start: it works in its host's memory.
#![allow(unsafe_code)]

pub mod evidence;
pub mod vfork;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use evidence::{Aftermath, Leaving, Who};
use vfork::{Call, LEFT_BY_GUEST, LEFT_BY_HOST};

/// The stack of a guest, in units of 16 bytes, to which stacks are aligned: 256 KiB.
const STACK: usize = 16 * 1024;

/// Runs `guest` in a child in this memory, and returns when the child has become a program or has ended.
///
/// # Safety
///
/// What the guest does to the memory, it does to the host's.
unsafe fn receive<G: FnMut() -> c_int>(mut guest: G) -> Result<Pid, Errno> {
    extern "C" fn begin<G: FnMut() -> c_int>(guest: *mut c_void) -> c_int {
        // SAFETY: it is the closure of the call below, whose frame waits until the guest has left.
        let guest = unsafe { &mut *guest.cast::<G>() };
        guest()
    }
    let mut stack = vec![0_u128; STACK];
    // Stacks grow downwards.
    let top = stack.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: stack and closure live until the guest does not need them any more (clone(2), CLONE_VFORK);
    // the caller vouches for the rest.
    let pid =
        unsafe { libc::clone(begin::<G>, top.cast(), flags, (&raw mut guest).cast::<c_void>()) };
    Errno::result(pid).map(Pid::from_raw)
}

/// Has a vfork child do the work, and returns the result when the child is gone and waited for.
///
/// All 32 bits of it: an exit status has only 8. A guest that a signal has ended has no answer: do not
/// make one up. Several threads may call this, and all below, at the same time.
pub fn ask(mut work: impl FnMut() -> i32) -> Result<i32, Errno> {
    let mut answer = 0;
    let guest = || {
        answer = work();
        0
    };
    // SAFETY: the guest writes one variable; the rest is the work's.
    let guest = unsafe { receive(guest) }?;
    match see_off(guest)? {
        WaitStatus::Exited(_, 0) => Ok(answer),
        ended => panic!("the guest has left no answer: {ended:?}"),
    }
}

/// Has a vfork child leave in this way with this code; waits for it and returns its exit code.
pub fn visit(leaving: Leaving, code: u8) -> Result<i32, Errno> {
    let guest = || match leaving {
        // SAFETY: _exit(2) touches no memory.
        Leaving::UnderscoreExit => unsafe { libc::_exit(code.into()) },
        // SAFETY: none: what becomes of the host then is the question here.
        Leaving::Exit => unsafe { libc::exit(code.into()) },
    };
    // SAFETY: see the lines above.
    let guest = unsafe { receive(guest) }?;
    match see_off(guest)? {
        WaitStatus::Exited(_, code) => Ok(code),
        ended => panic!("the guest has not left by itself: {ended:?}"),
    }
}

/// Which process does what the host had left for its own exit, if a guest has left in this way
/// before.
pub fn aftermath(leaving: Leaving) -> Aftermath {
    match leaving {
        Leaving::UnderscoreExit => Aftermath { handlers: Who::Host, buffers: Who::Host },
        // Whoever comes first finds them, and the guest leaves first.
        Leaving::Exit => Aftermath { handlers: Who::Guest, buffers: Who::Guest },
    }
}

/// What [`vfork::canary`] brings back: what a host finds in its frame when its child has returned.
pub fn found_in_frame(call: Call) -> usize {
    let is_one_frame = call == Call::Vfork;
    if is_one_frame { LEFT_BY_GUEST } else { LEFT_BY_HOST }
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
    let [args, env] = [args, env].map(|list| {
        let mut pointers: Vec<*const c_char> = list.iter().map(|entry| entry.as_ptr()).collect();
        pointers.push(ptr::null());
        pointers
    });
    let mut failure = Ok(());
    let guest = || {
        // SAFETY: a path and two lists that end with null, all of which the host keeps (execve(2)).
        failure =
            Errno::result(unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) })
                .map(drop);
        1
    };
    // SAFETY: the guest writes one variable, if it does not become the program.
    let pid = unsafe { receive(guest) }?;
    if failure.is_err() {
        see_off(pid)?;
    }
    failure.map(|()| pid)
}

/// Waits for this child, however often a signal interrupts the wait.
fn see_off(guest: Pid) -> Result<WaitStatus, Errno> {
    loop {
        let ended = waitpid(guest, None);
        if ended != Err(Errno::EINTR) {
            return ended;
        }
    }
}
