//! Starting the program: a session of its own, no inherited descriptors, limits set.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{Pid, getppid, setsid};

use crate::confine::Restrictions;
use crate::program::{Limits, Program};

/// Starts `program` with its output in pipes, with `restrictions` if it is confined.
pub(crate) fn start(
    program: &Program,
    mut restrictions: Option<Restrictions>,
) -> io::Result<Child> {
    let supervisor = Pid::this();
    let limits = program.limits;
    let mut command = Command::new(&program.path);
    command
        .args(&program.args)
        .env_clear()
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&program.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let prepare = move || prepare(supervisor, &limits, restrictions.as_mut());
    // SAFETY: the closure runs in the forked child before exec. The supervisor has one thread, so
    // no lock can be held by a thread that the child lacks (fork(2)), not even the allocator's.
    unsafe { command.pre_exec(prepare) };
    command.spawn()
}

/// Runs in the child, between fork and exec.
fn prepare(
    supervisor: Pid,
    limits: &Limits,
    mut restrictions: Option<&mut Restrictions>,
) -> io::Result<()> {
    // A session of its own has no controlling terminal: no Ctrl-C from there, no way to change it.
    setsid()?;
    default_signals()?;
    set_limits(limits)?;
    limits.cpu.map_or(Ok(()), stay_on)?;
    close_on_exec()?;
    if let Some(restrictions) = &restrictions {
        restrictions.give_up_rights()?;
    }
    // A change of user takes the request back (PR_SET_PDEATHSIG(2const)): it comes after that.
    die_with(supervisor)?;
    restrictions.as_mut().map_or(Ok(()), |restrictions| restrictions.lay_on())
}

/// Ignored signals stay ignored across exec (execve(2)); a program is to start with the defaults.
fn default_signals() -> io::Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator() {
        if !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP) {
            // SAFETY: the default action runs no code of ours (sigaction(2)).
            unsafe { sigaction(signal, &default) }?;
        }
    }
    Ok(SigSet::empty().thread_set_mask()?)
}

/// Asks the kernel to kill this process when the supervisor dies (PR_SET_PDEATHSIG, prctl(2)).
fn die_with(supervisor: Pid) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The supervisor may have died before the request: then nobody would ever send the signal.
    if getppid() != supervisor {
        return Err(Errno::ESRCH.into());
    }
    Ok(())
}

fn set_limits(limits: &Limits) -> io::Result<()> {
    let wanted = [
        (Resource::RLIMIT_CORE, Some(0)),
        (Resource::RLIMIT_NPROC, limits.tasks),
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_FSIZE, limits.file_size),
        (Resource::RLIMIT_AS, limits.address_space),
    ];
    for (resource, limit) in wanted {
        if let Some(limit) = limit {
            set_limit(resource, limit, limit)?;
        }
    }
    if let Some(time) = limits.cpu_time {
        let seconds = whole_seconds(time);
        // SIGXCPU at the first, which says why; SIGKILL at the second for who ignores that.
        set_limit(Resource::RLIMIT_CPU, seconds, seconds + 1)?;
    }
    Ok(())
}

/// A limit can be lowered by anyone and raised by few: what the caller has is the most.
fn set_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let (_, most) = nix::sys::resource::getrlimit(resource)?;
    Ok(setrlimit(resource, soft.min(most), hard.min(most))?)
}

/// Rounded up: zero would be no limit for some kernels and no time for others (getrlimit(2)).
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Binds this process to one CPU; an exec and every child keep that (sched_setaffinity(2)).
fn stay_on(cpu: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
}

/// Marks every descriptor above standard error close-on-exec, whoever left it open.
fn close_on_exec() -> io::Result<()> {
    // SAFETY: with CLOSE_RANGE_CLOEXEC no descriptor is closed now, only flagged (close_range(2)).
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    match Errno::result(result) {
        // Linux before 5.11 does not know the flag: the descriptors of the checker itself are
        // close-on-exec already, only foreign ones would be passed on.
        Ok(_) | Err(Errno::ENOSYS | Errno::EINVAL) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// A descriptor that becomes readable when this child has ended (pidfd_open(2)).
pub(crate) fn pidfd(child: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and touches no memory (pidfd_open(2)).
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
    let descriptor = Errno::result(result)?;
    // SAFETY: the kernel has just made this descriptor for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}
