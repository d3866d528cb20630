//! The child writes errno into a file in memory (memfd_create(2)). The pipe only says when to look: at its
//! end-of-file the child has exec'd or ended, and the file is empty or final.

#![allow(unsafe_code)] // fork(2), execv(3) and sigaction(2) are the subject

use std::convert::Infallible;
use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::SigSet;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, write};

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
    let argv = Argv::new(program, args)?;
    let (decided, undecided) = pipe2(OFlag::O_CLOEXEC)?;
    let reason = memfd_create("errno", MFdFlags::MFD_CLOEXEC)?;
    // If the caller has closed its 0, the pipe is 0 now, and in the way.
    let (undecided, reason) = (above_2(undecided)?, File::from(above_2(reason)?));
    // SAFETY: a child of a process with several threads may call async-signal-safe functions only
    // (fork(2)). It calls fcntl, dup2, close, close_range (a bare system call), signal,
    // pthread_sigmask, execv, write and _exit; it allocates nothing and does not return.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let Err(errno) = become_program(&argv, stdio);
            // The offset is shared with the parent, which reads at 0 whatever it is.
            let _ = write(&reason, &(errno as i32).to_ne_bytes());
            // SAFETY: _exit(2) ends the child here; handlers and buffers are the parent's.
            unsafe { libc::_exit(127) }
        }
        ForkResult::Parent { child } => {
            drop(undecided);
            File::from(decided).read_to_end(&mut Vec::new())?;
            let mut errno = [0; 4];
            match reason.read_exact_at(&mut errno, 0) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(child),
                read => {
                    // It has ended, or is about to.
                    while waitpid(child, None) == Err(Errno::EINTR) {}
                    read?;
                    Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
                }
            }
        }
    }
}

/// In the child: descriptors and signals in order, then the program. Returns only if that fails.
fn become_program(argv: &Argv, stdio: Stdio<'_>) -> nix::Result<Infallible> {
    // First all are carried up, then all are put down: so none is overwritten that is still needed,
    // and none is put down where it stands, which would leave it close-on-exec (dup2(2)).
    let stdin = stdio.stdin.map(above_2).transpose()?;
    let stdout = stdio.stdout.map(above_2).transpose()?;
    let stderr = stdio.stderr.map(above_2).transpose()?;
    stdin.map(dup2_stdin).transpose()?;
    stdout.map(dup2_stdout).transpose()?;
    stderr.map(dup2_stderr).transpose()?;
    close_on_exec_from_3()?;

    for signal in 1..=64 {
        // SAFETY: SIG_DFL is no function of ours. EINVAL is no harm: SIGKILL and SIGSTOP are never
        // ignored, and two real-time signals are the C library's own (nptl(7)).
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // Only now: a handler of the parent must not run here.
    SigSet::empty().thread_set_mask()?;
    argv.exec()
}

/// A copy of this descriptor that is no standard stream and close-on-exec.
fn above_2(fd: impl AsFd) -> nix::Result<OwnedFd> {
    let copy = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: fcntl has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Exec shall close all but 0, 1 and 2; until then they stay, the pipe among them.
fn close_on_exec_from_3() -> nix::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: it takes three integers, and closes nothing that this process still uses
    // (close_range(2), Linux 5.11).
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flags) };
    Errno::result(result).map(drop)
}

/// What exec takes: strings that end in a NUL, and an array of pointers to them that ends in null.
struct Argv {
    /// In the same order; the pointers point into these.
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Argv {
    fn new(program: &str, args: &[&str]) -> io::Result<Self> {
        let words = [program].into_iter().chain(args.iter().copied());
        let strings = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        let ends = strings.iter().map(|string| string.as_ptr());
        let pointers = ends.chain([ptr::null()]).collect();
        Ok(Self { _strings: strings, pointers })
    }

    /// Becomes that program. (`execv` of `nix` would make the array here, in the child.)
    fn exec(&self) -> nix::Result<Infallible> {
        // SAFETY: the strings live as long as `self`, and the array ends in null (execve(2)).
        unsafe { libc::execv(self.pointers[0], self.pointers.as_ptr()) };
        Err(Errno::last())
    }
}
