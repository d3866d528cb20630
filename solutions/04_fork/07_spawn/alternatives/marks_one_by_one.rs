//! Without close_range(2): the child reads the list of its descriptors with getdents64(2), a bare system call,
//! into its stack, and marks them one by one. The error is one message of a socket pair.

#![allow(unsafe_code)] // fork(2), execv(3), sigaction(2) and getdents64(2)

use std::convert::Infallible;
use std::ffi::{CString, c_char, c_int};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::{io, iter, mem, ptr};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::wait::waitpid;
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
    let words = iter::once(program).chain(args.iter().copied());
    let words = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let argv: Vec<_> = words.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
    let (news, tell) = socket_pair()?;
    // SAFETY: the child calls async-signal-safe functions and bare system calls only (fork(2),
    // signal-safety(7)), and never comes out of `live`.
    match unsafe { fork() }? {
        ForkResult::Child => live(&argv, tell.as_raw_fd(), stdio),
        ForkResult::Parent { child } => {
            // The child's end: only the child's copy counts now.
            drop(tell);
            match receive(&news)? {
                None => Ok(child),
                Some(errno) => {
                    // ECHILD, too, says that it has ended: SIGCHLD may be ignored.
                    while waitpid(child, None) == Err(Errno::EINTR) {}
                    Err(errno.into())
                }
            }
        }
    }
}

/// Messages stay whole, and an end that is closed is end-of-file.
fn socket_pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: the array has room for two descriptors (socketpair(2)).
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    Errno::result(result)?;
    let owned = ends.map(|end| {
        // SAFETY: both are new, and nobody else owns them.
        unsafe { OwnedFd::from_raw_fd(end) }
    });
    Ok(owned.into())
}

/// Sleeps until the child has exec'd (`None`) or says why it cannot.
fn receive(news: &OwnedFd) -> nix::Result<Option<Errno>> {
    let mut raw: c_int = 0;
    let room = mem::size_of_val(&raw);
    loop {
        // SAFETY: the buffer is an integer of this size, for which any bytes will do (recv(2)).
        let count = unsafe { libc::recv(news.as_raw_fd(), (&raw mut raw).cast(), room, 0) };
        match Errno::result(count) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Ok(None),
            count => return count.map(|_| Some(Errno::from_raw(raw))),
        }
    }
}

/// All that the child does, if it does not become the program.
fn live(argv: &[*const c_char], mut tell: RawFd, stdio: Stdio<'_>) -> ! {
    let Err(errno) = become_program(argv, &mut tell, stdio);
    let raw = errno as c_int;
    let size = mem::size_of_val(&raw);
    // SAFETY: it reads an integer of this size. No SIGPIPE, which is at its default by now (send(2)).
    unsafe { libc::send(tell, (&raw const raw).cast(), size, libc::MSG_NOSIGNAL) };
    // SAFETY: _exit(2) uses no memory, and runs nothing of the parent's.
    unsafe { libc::_exit(127) }
}

fn become_program(
    argv: &[*const c_char],
    tell: &mut RawFd,
    stdio: Stdio<'_>,
) -> nix::Result<Infallible> {
    // Nothing that is still needed may stand where something is put.
    *tell = above_2(*tell)?;
    let mut sources =
        [stdio.stdin, stdio.stdout, stdio.stderr].map(|fd| fd.map(|fd| fd.as_raw_fd()));
    for source in sources.iter_mut().flatten() {
        if *source <= 2 {
            *source = above_2(*source)?;
        }
    }
    for (place, source) in (0..).zip(sources) {
        if let Some(source) = source {
            // SAFETY: it takes two integers; what is overwritten nobody here uses any more (dup2(2)).
            Errno::result(unsafe { libc::dup2(source, place) })?;
        }
    }
    mark_all_from_3()?;
    default_signals()?;
    // SAFETY: the strings and the array, which ends in null, outlive the call (execve(2)).
    unsafe { libc::execv(argv[0], argv.as_ptr()) };
    Err(Errno::last())
}

/// A copy that is close-on-exec and stands where no standard stream does.
fn above_2(fd: RawFd) -> nix::Result<RawFd> {
    // SAFETY: fcntl takes integers here, and touches no memory.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })
}

/// What getdents64(2) fills: records of different lengths, each aligned to eight bytes.
#[repr(align(8))]
struct Listing([u8; 2048]);

/// Where a record has its length, two bytes, and where its name begins.
const LENGTH: usize = mem::offset_of!(libc::dirent64, d_reclen);
const NAME: usize = mem::offset_of!(libc::dirent64, d_name);

/// Marks all descriptors from 3 upwards close-on-exec, whatever the limit is today.
fn mark_all_from_3() -> nix::Result<()> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: the path ends in a NUL (open(2)).
    let directory = Errno::result(unsafe { libc::open(c"/proc/self/fd".as_ptr(), flags) })?;
    let mut listing = Listing([0; 2048]);
    loop {
        let (buffer, size) = (listing.0.as_mut_ptr(), listing.0.len());
        // SAFETY: the buffer lives and is as large as said. opendir(3) would allocate one.
        let filled = unsafe { libc::syscall(libc::SYS_getdents64, directory, buffer, size) };
        let mut records = &listing.0[..Errno::result(filled)? as usize];
        if records.is_empty() {
            return Ok(());
        }
        while !records.is_empty() {
            let length = u16::from_ne_bytes([records[LENGTH], records[LENGTH + 1]]);
            let (record, others) = records.split_at(usize::from(length));
            if let Some(fd @ 3..) = number(&record[NAME..]) {
                // SAFETY: it takes integers, and closes nothing now.
                Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
            }
            records = others;
        }
    }
}

/// The number that stands before the NUL; `None` for `.` and `..`.
fn number(name: &[u8]) -> Option<RawFd> {
    let digits = name.iter().take_while(|byte| **byte != 0);
    digits.copied().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + RawFd::from(digit - b'0'))
    })
}

fn default_signals() -> nix::Result<()> {
    // SAFETY: all zero is SIG_DFL, no flags, an empty mask (sigaction(2)).
    let default: libc::sigaction = unsafe { mem::zeroed() };
    for signal in 1..=64 {
        // SAFETY: the action lives. EINVAL: this one is always at its default, or the C library's own.
        unsafe { libc::sigaction(signal, &default, ptr::null_mut()) };
    }
    // From here on nothing of the parent's can be called.
    SigSet::empty().thread_set_mask()
}
