//! The error comes back through memory: a page that parent and child share. The pipe carries not one byte;
//! that it closes says that the page is final. All signals are blocked around the fork.

#![allow(unsafe_code)] // fork(2), execv(3), mmap(2) and dup2(2)

use std::convert::Infallible;
use std::ffi::{CString, c_char};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, Pid, fork};

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
    let mut strings = vec![CString::new(program)?];
    for arg in args {
        strings.push(CString::new(*arg)?);
    }
    let mut argv: Vec<*const c_char> = strings.iter().map(|string| string.as_ptr()).collect();
    argv.push(ptr::null());
    let failure = SharedErrno::new()?;
    let (mut decided, write_end) = io::pipe()?;
    // The caller may have none of 0, 1 and 2, and the pipe would be in the way of the streams.
    let undecided = above_2(write_end.as_raw_fd())?;
    drop(write_end);

    // No handler of the parent's runs in the child, from its first moment.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    // SAFETY: the child calls async-signal-safe functions and bare system calls, and stores a number
    // (fork(2), signal-safety(7)).
    let forked = unsafe { fork() };
    if let Ok(ForkResult::Child) = forked {
        let Err(errno) = become_program(&argv, stdio);
        failure.set(errno);
        // SAFETY: it takes an integer and does not return; the pipe closes with the process (_exit(2)).
        unsafe { libc::_exit(127) }
    }
    mask.thread_set_mask()?;
    let ForkResult::Parent { child } = forked? else { unreachable!("the child has ended above") };
    drop(undecided);
    decided.read_to_end(&mut Vec::new())?;
    let Some(errno) = failure.get() else { return Ok(child) };
    // Any other answer than EINTR says that it has ended: ECHILD, too.
    while waitid(Id::Pid(child), WaitPidFlag::WEXITED) == Err(Errno::EINTR) {}
    Err(errno.into())
}

/// A number that fork does not copy: both processes have the same page (mmap(2), MAP_SHARED).
struct SharedErrno(NonNull<AtomicI32>);

impl SharedErrno {
    /// The kernel makes a whole page of it.
    const SIZE: usize = size_of::<AtomicI32>();

    fn new() -> nix::Result<Self> {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping where the kernel has room changes no memory that is in use.
        let page = unsafe { libc::mmap(ptr::null_mut(), Self::SIZE, rights, kind, -1, 0) };
        let page = if page == libc::MAP_FAILED { Err(Errno::last()) } else { Ok(page) }?;
        Ok(Self(NonNull::new(page.cast()).expect("the kernel does not choose address 0")))
    }

    fn number(&self) -> &AtomicI32 {
        // SAFETY: the page is aligned, was all zero at first, and is there until the drop.
        unsafe { self.0.as_ref() }
    }

    fn set(&self, errno: Errno) {
        self.number().store(errno as i32, Ordering::Release);
    }

    /// 0 is no error: nobody has set it.
    fn get(&self) -> Option<Errno> {
        let raw = self.number().load(Ordering::Acquire);
        (raw != 0).then(|| Errno::from_raw(raw))
    }
}

impl Drop for SharedErrno {
    fn drop(&mut self) {
        // SAFETY: it is this process's mapping, and nothing borrows from it any more (munmap(2)).
        unsafe { libc::munmap(self.0.as_ptr().cast(), Self::SIZE) };
    }
}

fn become_program(argv: &[*const c_char], stdio: Stdio<'_>) -> nix::Result<Infallible> {
    put_in_place([stdio.stdin, stdio.stdout, stdio.stderr].map(|fd| fd.map(|fd| fd.as_raw_fd())))?;
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: integers only; it closes nothing before exec (close_range(2)).
    let marked = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flags) };
    Errno::result(marked)?;
    for signal in 1..=64 {
        // SAFETY: SIG_DFL is no function. Those that cannot be set need not be, or are the C library's.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    SigSet::empty().thread_set_mask()?;
    // SAFETY: made before the fork and ended by null; the strings live in the caller (execve(2)).
    unsafe { libc::execv(argv[0], argv.as_ptr()) };
    Err(Errno::last())
}

/// Makes `sources[n]` the descriptor n, all as if at the same moment. A copy above 2 is made only where
/// the places wait for each other in a circle.
fn put_in_place(mut sources: [Option<RawFd>; 3]) -> nix::Result<()> {
    loop {
        let waits = |place: &usize| sources[*place].is_some_and(|source| source != *place as RawFd);
        let is_free = |place: &usize| !sources.contains(&Some(*place as RawFd));
        let next = (0..3).filter(waits).find(is_free);
        if let Some((place, source)) = next.and_then(|place| Some((place, sources[place]?))) {
            // SAFETY: integers only; what stands there is no source of another (dup2(2)).
            sources[place] = Some(Errno::result(unsafe { libc::dup2(source, place as RawFd) })?);
        } else if let Some(source) = (0..3).find(waits).and_then(|place| sources[place].as_mut()) {
            // It lives until exec, and is close-on-exec.
            *source = above_2(*source)?.into_raw_fd();
        } else {
            break;
        }
    }
    // Those that stood in their places from the beginning: dup2 would have done nothing.
    for place in sources.into_iter().flatten() {
        // SAFETY: integers only; no flag is close-on-exec's (F_SETFD(2const)).
        Errno::result(unsafe { libc::fcntl(place, libc::F_SETFD, 0) })?;
    }
    Ok(())
}

/// A copy that is close-on-exec and stands where no standard stream does.
fn above_2(fd: RawFd) -> nix::Result<OwnedFd> {
    // SAFETY: integers only; it makes a new descriptor (F_DUPFD(2const)).
    let copy = Errno::result(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })?;
    // SAFETY: it is new, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}
