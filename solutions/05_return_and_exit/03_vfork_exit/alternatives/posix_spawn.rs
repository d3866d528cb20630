//! posix_spawn(3) starts programs: it makes its child with CLONE_VM and CLONE_VFORK, too (glibc since 2.24,
//! and musl).
//!
//! Why it is right: posix_spawn returns when the child has become the program, or with the error of its
//! execve and the child waited for. The answer of `ask` is an atomic: an object that may be written while
//! somebody else can see it, so the guest needs no `&mut` to anything of the host's.

// A closure that runs in a vfork child is unsafe to start: it works in its host's memory.
#![allow(unsafe_code)]

pub mod evidence;
pub mod vfork;

use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use evidence::{Aftermath, Leaving, Who};
use vfork::Call;

/// Has a vfork child do the work, and returns the result when the child is gone and waited for.
///
/// All 32 bits of it: an exit status has only 8. A guest that a signal has ended has no answer: do not
/// make one up. Several threads may call this, and all below, at the same time.
pub fn ask(mut work: impl FnMut() -> i32) -> Result<i32, Errno> {
    let answer = AtomicI32::new(0);
    // SAFETY: the guest writes one atomic; the rest is the work's.
    let guest = unsafe {
        vfork::vfork(|| {
            answer.store(work(), Ordering::Relaxed);
            0
        })
    }?;
    assert_eq!(exit_code(guest)?, 0, "the guest has left no answer");
    Ok(answer.into_inner())
}

/// Has a vfork child leave in this way with this code; waits for it and returns its exit code.
pub fn visit(leaving: Leaving, code: u8) -> Result<i32, Errno> {
    let leave: unsafe extern "C" fn(i32) -> ! = match leaving {
        Leaving::UnderscoreExit => libc::_exit,
        Leaving::Exit => libc::exit,
    };
    // SAFETY: _exit(2) touches no memory. exit(3) does, and what becomes of the host then is the question
    // here.
    let guest = || unsafe { leave(code.into()) };
    // SAFETY: see the line above.
    let guest = unsafe { vfork::vfork(guest) }?;
    exit_code(guest)
}

/// Which process does what the host had left for its own exit, if a guest has left in this way
/// before.
pub fn aftermath(leaving: Leaving) -> Aftermath {
    // The guest leaves before the host does, and what is done in this memory is done.
    let first_to_exit = match leaving {
        Leaving::Exit => Who::Guest,
        Leaving::UnderscoreExit => Who::Host,
    };
    Aftermath { handlers: first_to_exit, buffers: first_to_exit }
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
    let (as_it_is, inherited) = (PosixSpawnFileActions::init()?, PosixSpawnAttr::init()?);
    posix_spawn(program, &as_it_is, &inherited, args, env)
}

/// Waits for this child and no other, and returns the code with which it exited.
fn exit_code(guest: Pid) -> Result<i32, Errno> {
    loop {
        match waitid(Id::Pid(guest), WaitPidFlag::WEXITED) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(code),
            Ok(ended) => panic!("the guest has not left by itself: {ended:?}"),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
