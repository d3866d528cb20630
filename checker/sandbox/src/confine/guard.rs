//! The guard: makes the namespaces, and sees to the end of their first process.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};

use super::jail::{Failure, Jail};
use super::namespaces::{clone, flags};
use crate::descendants::kill_all;
use crate::pidfd::pidfd;
use crate::{Layer, Layers};

/// How long the supervisor may take beyond the program's time, and after the checker is gone. Less
/// than what the checker gives the guard.
const GRACE: Duration = Duration::from_secs(12);

/// What came of an attempt to have namespaces.
pub(super) enum Attempt {
    /// The work is done.
    Done,
    /// The kernel does not make all of them; it does not say which.
    Refused,
    /// The supervisor did not get as far as its work.
    Failed(Failure),
}

/// Has the work done by the first process of the namespaces that the jail's layers are.
pub(super) fn attempt(
    jail: &Jail,
    wall: Duration,
    work: impl Fn(&Jail) -> io::Result<()>,
) -> io::Result<Attempt> {
    let (mapped, tell_mapped) = pipe2(OFlag::O_CLOEXEC)?;
    let (failure, tell_failure) = pipe2(OFlag::O_CLOEXEC)?;
    let Ok(child) = clone(flags(&jail.layers)) else {
        return Ok(Attempt::Refused);
    };
    let Some(pid) = child else {
        drop((tell_mapped, failure));
        let code = first_process(jail, &mapped, tell_failure, work);
        // Nothing that the guard has registered for its exit is for this process to run.
        // SAFETY: _exit only ends the process (_exit(2)).
        unsafe { libc::_exit(code) };
    };
    drop((mapped, tell_failure));
    let first = First { pid, pidfd: pidfd(pid)? };
    if jail.layers.hold(Layer::UserNamespace)
        && let Err(error) = jail.identity.map(first.pid)
    {
        first.kill()?;
        return Ok(Attempt::Failed(Failure::Layer(Layer::UserNamespace, error.to_string())));
    }
    // EPIPE: it has ended already; then its failure or its status says why.
    let _ = File::from(tell_mapped).write_all(b"\n");
    let mut text = String::new();
    File::from(failure).read_to_string(&mut text)?;
    let failure = match text.as_str() {
        READY => {
            first.guard(wall)?;
            return Ok(Attempt::Done);
        }
        // Some policy of the host ends who does what it forbids.
        "" => Failure::Layer(last_namespace(&jail.layers), "its first process was killed".into()),
        text => serde_json::from_str(text)?,
    };
    first.kill()?;
    Ok(Attempt::Failed(failure))
}

/// What the first process says when its work can begin.
const READY: &str = "ready";

/// The one to go without first: the user namespace, which the others need, comes last.
fn last_namespace(layers: &Layers) -> Layer {
    let held = Layer::NAMESPACES.into_iter().rev().find(|layer| layers.hold(*layer));
    held.unwrap_or(Layer::UserNamespace)
}

/// The life of the namespaces' first process; returns its exit code.
fn first_process(
    jail: &Jail,
    mapped: &OwnedFd,
    tell_failure: OwnedFd,
    work: impl Fn(&Jail) -> io::Result<()>,
) -> libc::c_int {
    let lived = wait_for_ids(mapped).and_then(|()| match jail.set_up() {
        Ok(()) => {
            let mut tell = File::from(tell_failure);
            tell.write_all(READY.as_bytes())?;
            // The guard reads to the end.
            drop(tell);
            work(jail)
        }
        Err(failure) => {
            let text = serde_json::to_vec(&failure)?;
            File::from(tell_failure).write_all(&text)
        }
    });
    match lived {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("supervisor: {error}");
            1
        }
    }
}

/// Until the guard has mapped the ids; an error if the guard is gone.
fn wait_for_ids(mapped: &OwnedFd) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    nix::sys::prctl::set_child_subreaper(true)?;
    // The guard writes when its child is there; if it died before the child asked for the death
    // signal, there is nobody left to write.
    if nix::unistd::read(mapped, &mut [0])? == 0 {
        return Err(Errno::ESRCH.into());
    }
    // Tracing it would be a way into its rights. Not earlier: it closes the files in /proc through
    // which the guard maps the ids.
    Ok(nix::sys::prctl::set_dumpable(false)?)
}

/// The first process of the namespaces, as the guard sees it.
struct First {
    pid: Pid,
    pidfd: OwnedFd,
}

impl First {
    /// Waits for its end and ends it if it is overdue. If it was killed, this process goes the same
    /// way: the checker tells that from a supervisor that has failed.
    fn guard(self, wall: Duration) -> io::Result<()> {
        self.wait(Instant::now() + wall + GRACE)?;
        let status = self.kill()?;
        // Without a PID namespace there may be others.
        kill_all();
        match status {
            WaitStatus::Exited(_, 0) => Ok(()),
            WaitStatus::Exited(_, code) => std::process::exit(code),
            _ => {
                kill(Pid::this(), Signal::SIGKILL)?;
                Err(Errno::EINTR.into())
            }
        }
    }

    fn wait(&self, mut deadline: Instant) -> io::Result<()> {
        let lifeline = io::stdin();
        let mut checker_is_there = true;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut polled = vec![PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
            if checker_is_there {
                polled.push(PollFd::new(lifeline.as_fd(), PollFlags::POLLIN));
            }
            poll(&mut polled, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))?;
            let ready = |index: usize| polled.get(index).is_some_and(|p| p.any().unwrap_or(false));
            if ready(0) || left.is_zero() {
                return Ok(());
            }
            if ready(1) {
                // The supervisor has seen it too, and ends by itself.
                checker_is_there = false;
                deadline = deadline.min(Instant::now() + GRACE);
            }
        }
    }

    /// Kills it if it is still there. Nobody has waited for it: the id is its own.
    fn kill(&self) -> io::Result<WaitStatus> {
        // A zombie does not mind.
        let _ = kill(self.pid, Signal::SIGKILL);
        Ok(waitpid(self.pid, None)?)
    }
}
