//! clone(2) in place of fork(3): no handler of pthread_atfork(3) runs, and the parent gets a pidfd, by which it
//! reaps this child and no other. The child closes what it need not have, below the pipe and above it.

#![allow(unsafe_code)] // clone(2) and what the child calls are of `libc`

use std::convert::Infallible;
use std::ffi::{CString, NulError, c_char, c_int, c_long, c_uint};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::{mem, ptr};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, pipe2};

/// What the program finds as its descriptors 0, 1 and 2; where there is `None`, the caller's own, or
/// nothing, if the caller has none there or one that is close-on-exec.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stdio<'fd> {
    /// Its descriptor 0.
    pub stdin: Option<BorrowedFd<'fd>>,
    /// Its descriptor 1.
    pub stdout: Option<BorrowedFd<'fd>>,
    /// Its descriptor 2.
    pub stderr: Option<BorrowedFd<'fd>>,
}

/// Starts the program at the path `program` in a child, and returns when it runs.
///
/// Its argument 0 is `program`, the others are `args`; environment and directory are the caller's.
/// - It has the descriptors 0, 1 and 2 as `stdio` says, which may be any descriptors of the caller
///   in any order, and no other, whatever the caller has open and however.
/// - None of its signals is blocked or ignored, whatever the caller has blocked or ignored. What the
///   caller has blocked is not handled in the child either.
/// - The caller may have any number of threads: between fork and exec the child calls
///   async-signal-safe functions and bare system calls only, and so it allocates nothing.
///
/// Nothing changes in the caller, but that there is a child.
///
/// # Errors
/// If the program cannot be started: the error of the call that failed, in whichever process it did.
/// Then there is no child, not even a zombie, and the caller's other children are as they were. If
/// `program` or an argument contains a NUL, the error is of the kind `InvalidInput`.
pub fn spawn(program: &str, args: &[&str], stdio: Stdio<'_>) -> io::Result<Pid> {
    let words = [&[program], args].concat();
    let strings: Vec<_> = words.into_iter().map(CString::new).collect::<Result<_, NulError>>()?;
    let mut argv: Vec<*const c_char> = strings.iter().map(|string| string.as_ptr()).collect();
    argv.push(ptr::null());

    let (news, tell) = pipe2(OFlag::O_CLOEXEC)?;
    let plan = Plan {
        argv: &argv,
        stdio: [stdio.stdin, stdio.stdout, stdio.stderr].map(|fd| fd.map(|fd| fd.as_raw_fd())),
        tell: tell.as_raw_fd(),
    };
    let Some((child, pidfd)) = clone()? else { plan.carry_out() };
    drop(tell);

    let mut errno = Vec::new();
    // To the end: it comes when the child execs, or ends. Signals do not matter.
    File::from(news).read_to_end(&mut errno)?;
    let Ok(errno) = errno.try_into() else { return Ok(child) };
    // EINTR: wait again. ECHILD: it has ended, and SIGCHLD is ignored here.
    while waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED) == Err(Errno::EINTR) {}
    Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
}

/// What fork(2) does, and a pidfd for the parent; `None` in the child.
fn clone() -> nix::Result<Option<(Pid, OwnedFd)>> {
    let flags = c_long::from(libc::CLONE_PIDFD | libc::SIGCHLD);
    let (mut pidfd, unused) = (-1, ptr::null_mut::<c_int>());
    // SAFETY: without CLONE_VM the child has a copy of this memory and of this stack (a null stack means
    // the same address), so both may go on here. It calls async-signal-safe functions and bare system
    // calls only, none of which needs what the C library's fork would have set right.
    let pid =
        unsafe { libc::syscall(libc::SYS_clone, flags, unused, &raw mut pidfd, unused, unused) };
    match Errno::result(pid)? {
        0 => Ok(None),
        pid => {
            // SAFETY: the kernel has just made it, for this process only.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Some((Pid::from_raw(pid as i32), pidfd)))
        }
    }
}

/// What the child is to do, in numbers and pointers that were made before there was one.
struct Plan<'a> {
    argv: &'a [*const c_char],
    stdio: [Option<RawFd>; 3],
    tell: RawFd,
}

impl Plan<'_> {
    /// In the child: exec, or the word why not.
    fn carry_out(mut self) -> ! {
        let Err(errno) = self.become_program();
        let errno = (errno as i32).to_ne_bytes();
        // SAFETY: four bytes that live. Should SIGPIPE end this process, that is as good (write(2)).
        unsafe { libc::write(self.tell, errno.as_ptr().cast(), errno.len()) };
        // SAFETY: it takes an integer and does not return (_exit(2)).
        unsafe { libc::_exit(127) }
    }

    fn become_program(&mut self) -> nix::Result<Infallible> {
        self.step_aside()?;
        self.put_down()?;
        self.close_the_others()?;
        default_signals();
        // SAFETY: the array ends in null, and the strings live in the caller's frame (execve(2)).
        unsafe { libc::execv(self.argv[0], self.argv.as_ptr()) };
        Err(Errno::last())
    }

    /// What stands at 0, 1 or 2 and is needed moves up: the pipe, and the streams.
    fn step_aside(&mut self) -> nix::Result<()> {
        let streams = self.stdio.iter_mut().flatten();
        for fd in [&mut self.tell].into_iter().chain(streams).filter(|fd| **fd < 3) {
            // SAFETY: integers only; it makes a new descriptor (F_DUPFD(2const)).
            *fd = Errno::result(unsafe { libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, 3) })?;
        }
        Ok(())
    }

    fn put_down(&self) -> nix::Result<()> {
        for (stream, place) in self.stdio.iter().zip(0..) {
            if let Some(fd) = stream {
                // SAFETY: two integers; what stood at this place is not used again (dup2(2)).
                Errno::result(unsafe { libc::dup2(*fd, place) })?;
            }
        }
        Ok(())
    }

    /// Leaves 0, 1, 2 and the pipe, which exec closes.
    fn close_the_others(&self) -> nix::Result<()> {
        let tell = self.tell as c_uint;
        if tell > 3 {
            close_range(3, tell - 1)?;
        }
        close_range(tell + 1, c_uint::MAX)
    }
}

/// All of them, closed now: close_range(2), which has no wrapper in older C libraries.
fn close_range(first: c_uint, last: c_uint) -> nix::Result<()> {
    // SAFETY: three integers; nothing in the child uses these descriptors any more.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
}

/// Dispositions first, so that no handler runs when the mask is emptied.
fn default_signals() {
    (1..=64).for_each(|signal| {
        // SAFETY: SIG_DFL is no function. EINVAL is no harm: what cannot be set is never ignored, or is the
        // C library's own.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    });
    // SAFETY: all zero bits are an empty set (sigsetops(3)).
    let nothing: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set lives, and the old mask is not asked for (sigprocmask(2)).
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &nothing, ptr::null_mut()) };
}
