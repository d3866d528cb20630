//! Misconception: posix_spawn is fork and exec in one call, so it does the task.
//! Kind: evasion
//! Caught by: a_child_is_made_by_fork
//! Message: they make a child that works in its parent's memory

#![allow(unsafe_code)] // close_range(2) is a bare system call

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use nix::unistd::Pid;

/// What the program finds as its descriptors 0, 1 and 2; where there is `None`, the caller's own.
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
pub fn spawn(program: &str, args: &[&str], stdio: Stdio<'_>) -> io::Result<Pid> {
    let words = [program].into_iter().chain(args.iter().copied());
    let argv = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let variables = std::env::vars().map(|(name, value)| CString::new(format!("{name}={value}")));
    let variables = variables.collect::<Result<Vec<_>, _>>()?;
    let mut actions = PosixSpawnFileActions::init()?;
    for (number, fd) in [stdio.stdin, stdio.stdout, stdio.stderr].into_iter().enumerate() {
        if let Some(fd) = fd {
            actions.add_dup2(fd.as_raw_fd(), number as i32)?;
        }
    }
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    attributes.set_sigdefault(&SigSet::all())?;
    attributes.set_sigmask(&SigSet::empty())?;
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: it takes three integers and closes nothing now (close_range(2)).
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flags) };
    Errno::result(result)?;
    Ok(posix_spawn(argv[0].as_c_str(), &actions, &attributes, &argv, &variables)?)
}
