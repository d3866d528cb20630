//! Confinement: namespaces for the supervisor, further restrictions for the program.
//!
//! ```text
//! checker ── run() ──> guard ── clone ──> supervisor ── fork, exec ──> program ──> …
//!                      the host's         first process of the          no capability, Landlock,
//!                      namespaces         new namespaces                seccomp
//! ```
//!
//! The *guard* is the supervisor of an unconfined run. It makes the namespaces, with the supervisor
//! as their first process, and waits for it: standard input and output are the supervisor's. When
//! the first process of a PID namespace ends, the kernel kills the rest of it; and it ends when the
//! guard does, or when the guard finds it overdue.
//!
//! Which layers a host allows is found out by trying. A layer that fails is given up, with the
//! reason kept, and the next attempt is made without it.
#![allow(unsafe_code)]

mod calls;
mod identity;
mod mounts;
mod network;
mod paths;
mod privileges;
mod root;
mod view;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use landlock::RulesetCreated;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{AccessFlags, ForkResult, Pid, fork, pipe2};
use seccompiler::BpfProgram;
use serde::{Deserialize, Serialize};

use self::identity::Identity;
use self::view::View;
use crate::descendants::kill_all;
use crate::start::pidfd;
use crate::{Confinement, Layer, Layers};

/// How long the supervisor may take beyond the program's time, and after the checker is gone. Less
/// than what the checker gives the guard.
const GRACE: Duration = Duration::from_secs(12);

/// The supervisor's place: what holds already, and what the program's own process has to do.
pub(crate) struct Place {
    /// The layers of the run.
    pub(crate) layers: Layers,
    identity: Identity,
    confinement: Confinement,
}

/// Does the supervisor's `work` in the namespaces that can be had, in this process or another one.
///
/// Returns when the work is done and everything of it has ended. Fails if the confinement asks for
/// what cannot be, with words for the person who asked.
pub(crate) fn confined(
    confinement: &Confinement,
    wall: Duration,
    work: impl Fn(Place) -> io::Result<()>,
) -> io::Result<()> {
    let identity = Identity::of_this_user();
    identity.give(&confinement.writable)?;
    let mut layers = Layers { held: Layer::ALL.into(), ..Layers::default() };
    for layer in &confinement.without {
        if !Layers::of_any_run().hold(*layer) {
            layers.give_up(*layer, "switched off");
        }
    }
    give_up_what_this_process_lacks(&mut layers);
    loop {
        let flags = flags(&layers);
        let place = |layers: &Layers| Place {
            layers: layers.clone(),
            identity,
            confinement: confinement.clone(),
        };
        if flags == 0 {
            identity.check(confinement)?;
            return work(place(&layers));
        }
        match attempt(&place(&layers), flags, wall, |place| work(place))? {
            Attempt::Done => return Ok(()),
            Attempt::Refused => give_up_refused_namespaces(&mut layers),
            Attempt::Failed(Failure::Layer(layer, why)) => layers.give_up(layer, why),
            Attempt::Failed(Failure::Request(why)) => return Err(io::Error::other(why)),
        }
    }
}

/// What came of an attempt to have these namespaces.
enum Attempt {
    /// The work is done.
    Done,
    /// The kernel does not make them, for all it says.
    Refused,
    Failed(Failure),
}

/// Why the supervisor did not get as far as its work.
#[derive(Debug, Serialize, Deserialize)]
enum Failure {
    /// This layer cannot be had.
    Layer(Layer, String),
    /// What was asked for cannot be.
    Request(String),
}

fn attempt(
    place: &Place,
    flags: libc::c_int,
    wall: Duration,
    work: impl Fn(Place) -> io::Result<()>,
) -> io::Result<Attempt> {
    let (mapped, tell_mapped) = pipe2(OFlag::O_CLOEXEC)?;
    let (failure, tell_failure) = pipe2(OFlag::O_CLOEXEC)?;
    let Ok(child) = clone(flags) else {
        return Ok(Attempt::Refused);
    };
    let Some(child) = child else {
        drop((tell_mapped, failure));
        let code = first_process(place, &mapped, tell_failure, work);
        // Nothing of the guard's that would run at an exit is for this process to run.
        // SAFETY: _exit only ends the process (_exit(2)).
        unsafe { libc::_exit(code) };
    };
    drop((mapped, tell_failure));
    let child = First { pid: child, pidfd: pidfd(child)? };
    if place.layers.hold(Layer::UserNamespace)
        && let Err(error) = place.identity.map(child.pid)
    {
        child.kill()?;
        return Ok(Attempt::Failed(Failure::Layer(Layer::UserNamespace, error.to_string())));
    }
    // EPIPE: it has ended already; then its failure says why.
    let _ = File::from(tell_mapped).write_all(b"\n");
    let mut text = String::new();
    File::from(failure).read_to_string(&mut text)?;
    if !text.is_empty() {
        child.kill()?;
        return Ok(Attempt::Failed(serde_json::from_str(&text)?));
    }
    child.guard(wall)?;
    Ok(Attempt::Done)
}

/// The life of the namespaces' first process; returns its exit code.
fn first_process(
    place: &Place,
    mapped: &OwnedFd,
    tell_failure: OwnedFd,
    work: impl Fn(Place) -> io::Result<()>,
) -> libc::c_int {
    let ready = wait_for_ids(mapped).and_then(|()| {
        let failure = enter(place).err();
        match failure {
            None => Ok(true),
            Some(failure) => {
                let text = serde_json::to_vec(&failure)?;
                File::from(tell_failure.try_clone()?).write_all(&text)?;
                Ok(false)
            }
        }
    });
    drop(tell_failure);
    let place = Place {
        layers: place.layers.clone(),
        identity: place.identity,
        confinement: place.confinement.clone(),
    };
    match ready.and_then(|ready| if ready { work(place) } else { Ok(()) }) {
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
    // The guard writes after this process has asked for its death signal; if it died before, there
    // is nobody left to write.
    if nix::unistd::read(mapped, &mut [0])? == 0 {
        return Err(Errno::ESRCH.into());
    }
    // Tracing it would be a way into its rights. Not earlier: it closes the files in /proc through
    // which the guard maps the ids.
    Ok(nix::sys::prctl::set_dumpable(false)?)
}

/// Sets up what a new namespace lacks.
fn enter(place: &Place) -> Result<(), Failure> {
    let layers = &place.layers;
    let lack = |layer: Layer| move |error: io::Error| Failure::Layer(layer, error.to_string());
    if layers.hold(Layer::NetworkNamespace) {
        network::bring_up_loopback().map_err(lack(Layer::NetworkNamespace))?;
    }
    if layers.hold(Layer::PrivateRoot) {
        let view = View::of(&place.confinement).map_err(|e| Failure::Request(e.to_string()))?;
        let kinds = root::Kinds {
            new_proc: layers.hold(Layer::PidNamespace),
            new_mqueue: layers.hold(Layer::IpcNamespace),
        };
        root::enter(&view, kinds).map_err(|trouble| match trouble {
            root::Trouble::Proc(error) => lack(Layer::PidNamespace)(error),
            root::Trouble::Root(error) => lack(Layer::PrivateRoot)(error),
        })?;
    }
    place.identity.check(&place.confinement).map_err(|e| Failure::Request(e.to_string()))
}

impl Identity {
    /// Whether the program's user can use what is shown to it.
    fn check(self, confinement: &Confinement) -> io::Result<()> {
        let Some(user) = self.become_user else { return Ok(()) };
        let checked = in_a_fork(|| {
            privileges::become_user(user)?;
            let readable = Identity::unusable(&confinement.read_only, AccessFlags::R_OK);
            let writable = Identity::unusable(&confinement.writable, AccessFlags::W_OK);
            match readable.or(writable) {
                None => Ok(()),
                Some(path) => Err(io::Error::other(unusable(path, user.0.as_raw()))),
            }
        });
        checked.map_err(io::Error::other)
    }
}

fn unusable(path: &Path, uid: u32) -> String {
    format!(
        "{} cannot be used by uid {uid}, which root's confined programs run as: \
         make it and the directories that lead to it accessible for everybody",
        path.display()
    )
}

/// The namespaces of these layers, as flags of clone(2).
fn flags(layers: &Layers) -> libc::c_int {
    Layer::NAMESPACES.iter().filter(|layer| layers.hold(**layer)).map(|layer| flag(*layer)).sum()
}

fn flag(layer: Layer) -> libc::c_int {
    match layer {
        Layer::UserNamespace => libc::CLONE_NEWUSER,
        Layer::PidNamespace => libc::CLONE_NEWPID,
        Layer::IpcNamespace => libc::CLONE_NEWIPC,
        Layer::NetworkNamespace => libc::CLONE_NEWNET,
        Layer::PrivateRoot => libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWCGROUP,
        _ => 0,
    }
}

/// Tries each namespace alone, or within a user namespace where that can be had.
fn give_up_refused_namespaces(layers: &mut Layers) {
    let try_clone = |flags| match clone(flags) {
        // SAFETY: _exit only ends the process (_exit(2)).
        Ok(None) => unsafe { libc::_exit(0) },
        Ok(Some(child)) => waitpid(child, None).map(drop),
        Err(errno) => Err(errno),
    };
    let mut any = false;
    for layer in Layer::NAMESPACES {
        let around = if layers.hold(Layer::UserNamespace) { libc::CLONE_NEWUSER } else { 0 };
        if layers.hold(layer)
            && let Err(errno) = try_clone(around | flag(layer))
        {
            layers.give_up(layer, errno.desc());
            any = true;
        }
    }
    if !any {
        // Each alone and not all together: there is no telling which.
        for layer in Layer::NAMESPACES {
            layers.give_up(layer, "refused together with the others");
        }
    }
}

/// The layers that are laid on the program's own process, each tried on one of its own.
fn give_up_what_this_process_lacks(layers: &mut Layers) {
    let attempts: [(Layer, fn() -> io::Result<()>); 3] = [
        (Layer::NoNewPrivileges, || Ok(nix::sys::prctl::set_no_new_privs()?)),
        (Layer::Landlock, paths::try_on_this_process),
        (Layer::Seccomp, calls::try_on_this_process),
    ];
    for (layer, attempt) in attempts {
        if layers.hold(layer)
            && let Err(why) = in_a_fork(attempt)
        {
            layers.give_up(layer, why);
        }
    }
}

/// Tries something in a process that ends afterwards.
fn in_a_fork(attempt: impl FnOnce() -> io::Result<()>) -> Result<(), String> {
    let tried = || -> io::Result<String> {
        let (why, tell_why) = pipe2(OFlag::O_CLOEXEC)?;
        // SAFETY: the supervisor has one thread, so the child may do whatever this process may
        // (fork(2)).
        match unsafe { fork() }? {
            ForkResult::Child => {
                if let Err(error) = attempt() {
                    let _ = File::from(tell_why).write_all(error.to_string().as_bytes());
                }
                // SAFETY: _exit only ends the process (_exit(2)).
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => {
                drop(tell_why);
                let mut text = String::new();
                File::from(why).read_to_string(&mut text)?;
                waitpid(child, None)?;
                Ok(text)
            }
        }
    };
    match tried() {
        Ok(why) if why.is_empty() => Ok(()),
        Ok(why) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}

/// fork(2) into new namespaces: `None` in the child.
fn clone(flags: libc::c_int) -> nix::Result<Option<Pid>> {
    let flags = (flags | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: without CLONE_VM and with no new stack this is a fork: the child has its own copy of
    // everything (clone(2)). The process has one thread, so the copy is complete.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    let pid = Errno::result(result)?;
    Ok((pid != 0).then(|| Pid::from_raw(pid as i32)))
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
                checker_is_there = false;
                deadline = deadline.min(Instant::now() + GRACE);
            }
        }
    }

    fn kill(&self) -> io::Result<WaitStatus> {
        // It has not been waited for: the id is its own. ESRCH: it is a zombie.
        let _ = kill(self.pid, Signal::SIGKILL);
        Ok(waitpid(self.pid, None)?)
    }
}

/// What the program's own process does before exec, prepared before it is forked.
pub(crate) struct Restrictions {
    identity: Identity,
    no_new_privileges: bool,
    rules: Option<RulesetCreated>,
    filters: Vec<BpfProgram>,
}

impl Place {
    /// Prepares the program's restrictions.
    pub(crate) fn restrictions(&self) -> io::Result<Restrictions> {
        let rules = match self.layers.hold(Layer::Landlock) {
            true => Some(paths::rules(&self.confinement, &self.layers).map_err(io::Error::other)?),
            false => None,
        };
        let filters = match self.layers.hold(Layer::Seccomp) {
            true => calls::filters().map_err(io::Error::other)?,
            false => Vec::new(),
        };
        let no_new_privileges = self.layers.hold(Layer::NoNewPrivileges);
        Ok(Restrictions { identity: self.identity, no_new_privileges, rules, filters })
    }
}

impl Restrictions {
    /// Becomes the program's user and gives up all capabilities.
    pub(crate) fn give_up_rights(&self) -> io::Result<()> {
        privileges::drop_bounding_set()?;
        if let Some(user) = self.identity.become_user {
            privileges::become_user(user)?;
        }
        privileges::drop_capabilities()?;
        if self.no_new_privileges {
            nix::sys::prctl::set_no_new_privs()?;
        }
        Ok(())
    }

    /// The last step: after this, preparations would be refused too.
    pub(crate) fn lay_on(&mut self) -> io::Result<()> {
        if let Some(rules) = self.rules.take() {
            rules.restrict_self().map_err(io::Error::other)?;
        }
        for filter in &self.filters {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    }
}
