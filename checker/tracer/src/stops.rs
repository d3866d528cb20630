//! The requests of ptrace(2) and the stops that wait(2) reports.
//!
//! Signals are numbers here: `nix` knows no real-time signals.
#![allow(unsafe_code)]

use std::ptr;

use libc::c_int;
use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::unistd::Pid;

/// What happened to a tracee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It has exited with this code.
    Exited(i32),
    /// This signal has ended it.
    Killed(i32),
    /// A signal is about to be delivered.
    Signal(i32),
    /// It enters or leaves a system call.
    Syscall,
    /// A `PTRACE_EVENT_*`, with the signal that is reported with it.
    Event(i32, i32),
}

/// Where in a system call a tracee is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyscallStop {
    /// At its beginning.
    Entry { number: u64, args: [u64; 6] },
    /// At its beginning, because the seccomp filter says so.
    Seccomp { number: u64, args: [u64; 6] },
    /// At its end; negative is an errno.
    Exit { result: i64 },
    /// Nowhere.
    None,
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resume {
    /// To the next event or watched call.
    Freely,
    /// To the next beginning or end of a system call.
    ToSyscall,
    /// Not at all: it stays stopped, and reports when SIGCONT comes.
    Listen,
}

/// Waits until something happens to a child or tracee of this thread; `None` if it has none.
pub(crate) fn wait() -> Result<Option<(Pid, Stop)>, Errno> {
    wait_with(0)
}

/// As [`wait`], but `None` also if nothing has happened yet.
pub(crate) fn wait_no_hang() -> Result<Option<(Pid, Stop)>, Errno> {
    wait_with(libc::WNOHANG)
}

fn wait_with(options: c_int) -> Result<Option<(Pid, Stop)>, Errno> {
    // __WALL: children that are threads too. __WNOTHREAD: no child of another thread (wait(2)).
    let options = options | libc::__WALL | libc::__WNOTHREAD;
    loop {
        let mut status: c_int = 0;
        // SAFETY: the status is written to a local variable that outlives the call (wait4(2)).
        let result = unsafe { libc::waitpid(-1, &mut status, options) };
        match Errno::result(result) {
            Ok(0) => return Ok(None),
            Ok(tid) => return Ok(Some((Pid::from_raw(tid), Stop::from_status(status)))),
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(None),
            Err(errno) => return Err(errno),
        }
    }
}

impl Stop {
    fn from_status(status: c_int) -> Self {
        if libc::WIFEXITED(status) {
            return Self::Exited(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Self::Killed(libc::WTERMSIG(status));
        }
        // The upper half of a stop's status is the event (ptrace(2)).
        let (event, signal) = (status >> 16, libc::WSTOPSIG(status));
        match signal {
            _ if event != 0 => Self::Event(event, signal),
            // PTRACE_O_TRACESYSGOOD marks the stops at system calls.
            _ if signal == libc::SIGTRAP | 0x80 => Self::Syscall,
            signal => Self::Signal(signal),
        }
    }
}

/// Begins to trace a process that this thread may trace. It is not stopped.
pub(crate) fn seize(pid: Pid) -> Result<(), Errno> {
    ptrace::seize(
        pid,
        Options::PTRACE_O_EXITKILL
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACESECCOMP
            | Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACEVFORKDONE,
    )
}

/// Lets a stopped tracee go on, and gives it a signal unless that is 0.
pub(crate) fn resume(tid: Pid, how: Resume, signal: i32) -> Result<(), Errno> {
    let request = match how {
        Resume::Freely => libc::PTRACE_CONT,
        Resume::ToSyscall => libc::PTRACE_SYSCALL,
        Resume::Listen => libc::PTRACE_LISTEN,
    };
    // For these requests the address is ignored and the data is a signal number (ptrace(2)).
    let data = ptr::without_provenance_mut::<libc::c_void>(signal as usize);
    let address = ptr::null_mut::<libc::c_void>();
    // SAFETY: these requests touch no memory of this process; of a tracee that is gone or runs they
    // make an error.
    Errno::result(unsafe { libc::ptrace(request, tid.as_raw(), address, data) }).map(drop)
}

/// Where in a system call the stopped tracee is.
pub(crate) fn syscall_stop(tid: Pid) -> Result<SyscallStop, Errno> {
    let info = ptrace::syscall_info(tid)?;
    Ok(match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: `op` says that the kernel has filled in this variant (ptrace(2)).
            let entry = unsafe { info.u.entry };
            SyscallStop::Entry { number: entry.nr, args: entry.args }
        }
        libc::PTRACE_SYSCALL_INFO_SECCOMP => {
            // SAFETY: `op` says that the kernel has filled in this variant (ptrace(2)).
            let seccomp = unsafe { info.u.seccomp };
            SyscallStop::Seccomp { number: seccomp.nr, args: seccomp.args }
        }
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: `op` says that the kernel has filled in this variant (ptrace(2)).
            let exit = unsafe { info.u.exit };
            SyscallStop::Exit { result: exit.sval }
        }
        _ => SyscallStop::None,
    })
}

/// The process that sent the signal that the tracee is stopped at; `None` if the kernel did.
pub(crate) fn sender(tid: Pid) -> Option<i32> {
    let info = ptrace::getsiginfo(tid).ok()?;
    if ![libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL].contains(&info.si_code) {
        return None;
    }
    // SAFETY: for these codes the kernel fills in the sender (sigaction(2)).
    Some(unsafe { info.si_pid() })
}
