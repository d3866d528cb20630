//! Starting the program: a session of its own, no inherited descriptors, limits set.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid, setsid};

use crate::confine::Restrictions;
use crate::inherited::reset_signals;
use crate::request::{Limits, Program};
use crate::rlimits::{lack_for, set_limits};

/// Starts `program` with its output in pipes, with `restrictions` if it is confined.
pub(crate) fn spawn(
    program: &Program,
    mut restrictions: Option<Restrictions>,
) -> io::Result<Child> {
    let supervisor = Pid::this();
    let limits = program.limits;
    // Of what fails between fork and exec, only a number is told.
    if let Some(lack) = lack_for(&limits)? {
        return Err(io::Error::other(lack));
    }
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
    command.spawn().map_err(|error| with_likely_cause(error, program))
}

/// The system's words for a program that is there and cannot be started mislead.
fn with_likely_cause(error: io::Error, program: &Program) -> io::Error {
    let likely = match error.kind() {
        io::ErrorKind::PermissionDenied => "is its file system mounted with noexec?",
        io::ErrorKind::NotFound if program.path.exists() => "is /dev/null there?",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {likely}"))
}

/// Runs in the child, between fork and exec.
fn prepare(
    supervisor: Pid,
    limits: &Limits,
    mut restrictions: Option<&mut Restrictions>,
) -> io::Result<()> {
    // A session of its own has no controlling terminal: no Ctrl-C from there, no way to change it.
    setsid()?;
    reset_signals();
    set_limits(limits)?;
    limits.cpu.map_or(Ok(()), pin_to_cpu)?;
    if let Some(restrictions) = &restrictions {
        restrictions.drop_privileges()?;
    }
    // A change of user takes the request back (PR_SET_PDEATHSIG(2const)): it comes after that.
    die_with(supervisor)?;
    restrictions.as_mut().map_or(Ok(()), |restrictions| restrictions.apply())
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

/// Binds this process to one CPU; an exec and every child keep that (sched_setaffinity(2)).
fn pin_to_cpu(cpu: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
}
