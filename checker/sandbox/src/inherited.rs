//! What a process inherits from its starter and what must not change a verdict: ignored and blocked
//! signals, resource limits, the umask, open descriptors, a scheduling policy.
//!
//! [`normalise`] sets it to one state, first thing in `main`: for the checker, for what the checker starts
//! itself (cargo), and for each supervisor. [`reset_signals`] and [`set_limits`](crate::rlimits::set_limits) complete it where a
//! program is started.
//!
//! Two things stay as they are inherited. The set of CPUs and the nice value say how much of the machine
//! the user, or a batch system, grants; verdicts hold on one busy CPU, too.
#![allow(unsafe_code)]

use std::io;
use std::ptr;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};

use crate::rlimits::{lack_of_stack, set_usual_limits};

/// The umask of every program that is judged, and of the checker itself: what it makes for a program has
/// to be readable for whoever runs that program.
const UMASK: u32 = 0o022;

/// `linux/personality.h`: Linux, with no flag.
const PER_LINUX: libc::c_ulong = 0;

static CALLERS_UMASK: OnceLock<u32> = OnceLock::new();

/// Takes back what this process has inherited. Must be called while it has one thread.
///
/// Fails where the hard limit of the stack is so low that the process would not get far.
pub fn normalise() -> io::Result<()> {
    let callers = umask(Mode::from_bits_truncate(UMASK));
    // A second call finds what the first has set.
    CALLERS_UMASK.get_or_init(|| callers.bits());
    take_back_ignored_signals();
    SigSet::empty().thread_set_mask()?;
    close_on_exec();
    set_usual_limits()?;
    usual_scheduling();
    lack_of_stack()?.map_or(Ok(()), |lack| Err(io::Error::other(lack)))
}

/// The umask that this process was started with: for files that its user keeps.
pub fn callers_umask() -> u32 {
    *CALLERS_UMASK.get().unwrap_or(&UMASK)
}

/// Gives every signal its default action and an empty mask, between fork and exec: what is ignored or
/// blocked stays so across exec (execve(2)).
///
/// By the system call: the C library would leave its own two signals as they are.
pub(crate) fn reset_signals() {
    // At least as large as the kernel's `struct sigaction`: SIG_DFL, no flags, an empty mask.
    let default = [0_u64; 4];
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: the action is a local variable that the kernel reads, and runs no function of ours
        // (sigaction(2)). It fails for SIGKILL and SIGSTOP.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                &raw const default,
                ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
    // It cannot fail: it is asked for nothing that there is not (pthread_sigmask(3)).
    let _ = SigSet::empty().thread_set_mask();
}

/// An ignored SIGCHLD would have the kernel collect children before their parent has asked for their
/// status (wait(2)).
///
/// A user who ignores signals that ask a program to end wants it to go on: nohup(1), a job of a shell
/// script in the background. The runtime ignores SIGPIPE, so that a write says what is wrong.
fn take_back_ignored_signals() {
    let kept = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE];
    for signal in (1..=libc::SIGRTMAX()).filter(|signal| !kept.contains(signal)) {
        if is_ignored(signal) {
            // SAFETY: SIG_DFL is no function of ours (signal(2)).
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    // A file that may not grow is an error of the write, and not the end of the checker (setrlimit(2)).
    // SAFETY: SIG_IGN is no function of ours (signal(2)).
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Whether this process ignores a signal.
pub fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: all zeros is a sigaction: it consists of integers and a pointer that may be null.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: without a new action the call only fills in the old one (sigaction(2)).
    let result = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// Marks every descriptor above standard error close-on-exec, whoever left it open.
fn close_on_exec() {
    // SAFETY: with CLOSE_RANGE_CLOEXEC no descriptor is closed now, only flagged (close_range(2)).
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if Errno::result(result).is_ok() {
        return;
    }
    // Linux before 5.11 does not know the flag.
    for number in procfs::own_descriptor_numbers() {
        if number > 2 {
            // SAFETY: integers only; a number that is closed by now is an error (fcntl(2)).
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
}

/// The usual scheduling, and addresses at random. A program that spins under a real-time policy would
/// keep others from a CPU for ever. Where the host refuses the call, all stays as it is.
fn usual_scheduling() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the priority is a local variable that the kernel reads (sched_setscheduler(2)).
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const priority) };
    // SAFETY: an integer only; it takes effect with the next exec (personality(2)).
    unsafe { libc::personality(PER_LINUX) };
}
