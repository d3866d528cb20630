//! Finding and ending every process that a program has started.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use procfs::Stat;

use crate::observation::Stray;

/// How long the kernel gets to end processes that have been sent SIGKILL.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// The first process of a PID namespace.
const FIRST: i32 = 1;

/// How many strays are named; the rest is only killed.
const NAMED_STRAYS: usize = 20;

/// The file that a process executes, by device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Executable(u64, u64);

impl Executable {
    pub(crate) fn from_path(path: &std::path::Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }
}

/// The children of this process that are still there, and theirs, as strays.
///
/// `known` is the program itself and is not one of them.
pub(crate) fn strays(known: Pid, executable: Option<Executable>) -> Vec<Stray> {
    descendants(Pid::this())
        .into_iter()
        .filter(|(pid, _)| *pid != known)
        .take(NAMED_STRAYS)
        .map(|(pid, stat)| Stray {
            pid: pid.as_raw(),
            zombie: stat.state == 'Z',
            copy_of_program: is_copy(pid, &stat, executable),
            name: stat.name,
        })
        .collect()
}

/// A zombie has no executable any more; then the flag decides that says it never called exec.
fn is_copy(pid: Pid, stat: &Stat, executable: Option<Executable>) -> bool {
    match Executable::from_path(format!("/proc/{pid}/exe").as_ref()) {
        Some(running) => Some(running) == executable,
        None => stat.never_called_exec,
    }
}

/// Kills every descendant of this process and waits for each, until there is none.
///
/// Orphans become children of this process, which must be a subreaper. Returns whether all ended.
pub(crate) fn kill_all() -> bool {
    let deadline = Instant::now() + KILL_PATIENCE;
    loop {
        if !reap() {
            return true;
        }
        if Pid::this().as_raw() == FIRST {
            // All others of the PID namespace at once: none is forked meanwhile (kill(2)).
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
        } else {
            for (pid, _) in descendants(Pid::this()) {
                // ESRCH: it has ended meanwhile. There is no other error for one's own descendants.
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_micros(500));
    }
}

/// A child that has ended, and is left to be waited for; `None` if no child has ended.
///
/// By the system call itself: nix's waitid(2) fails for a child that a real-time signal has ended.
#[allow(unsafe_code)]
pub(crate) fn ended_child() -> io::Result<Option<Pid>> {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: all zeros is a siginfo_t: it consists of integers and pointers.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: waitid writes to `info`, which outlives the call (waitid(2)).
    let result = unsafe { libc::waitid(libc::P_ALL, 0, &raw mut info, options) };
    match Errno::result(result) {
        Ok(_) | Err(Errno::ECHILD) => {}
        Err(errno) => return Err(errno.into()),
    }
    // SAFETY: waitid has filled in the variant for SIGCHLD, or has left the zeros.
    let pid = unsafe { info.si_pid() };
    Ok((pid != 0).then(|| Pid::from_raw(pid)))
}

/// Collects every child that has ended; returns whether there are others.
fn reap() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            // EINVAL: a real-time signal has ended it, for which nix has no name. It is collected.
            Ok(_) | Err(Errno::EINTR | Errno::EINVAL) => {}
            // ECHILD: no child is left.
            Err(_) => return false,
        }
    }
}

/// Every process below `ancestor`, by the parents that `/proc` names; each with its id.
pub(crate) fn descendants(ancestor: Pid) -> Vec<(Pid, Stat)> {
    let mut children: BTreeMap<i32, Vec<(Pid, Stat)>> = BTreeMap::new();
    for pid in procfs::process_ids() {
        if let Some(stat) = procfs::process_stat(pid) {
            children.entry(stat.parent).or_default().push((Pid::from_raw(pid), stat));
        }
    }
    let mut found = Vec::new();
    let mut parents = vec![ancestor.as_raw()];
    while let Some(parent) = parents.pop() {
        for (pid, stat) in children.remove(&parent).unwrap_or_default() {
            parents.push(pid.as_raw());
            found.push((pid, stat));
        }
    }
    found
}
