//! What a process inherits from its starter and what must not change a verdict: ignored and blocked
//! signals, resource limits, the umask, open descriptors, a scheduling policy.
//!
//! [`normalise`] sets it to one state, first thing in `main`: for the checker, for what the checker starts
//! itself (cargo), and for each supervisor. [`signals_of_a_program`] and [`limits_of_a_program`] complete
//! it where a program is started.
//!
//! Two things stay as they are inherited. The set of CPUs and the nice value say how much of the machine
//! the user, or a batch system, grants; verdicts hold on one busy CPU, too.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Uid, geteuid};

use crate::program::Limits;

/// The umask of every program that is judged, and of the checker itself: what it makes for a program has
/// to be readable for whoever runs that program.
const UMASK: u32 = 0o022;

const MIB: u64 = 1 << 20;

/// `linux/personality.h`: Linux, with no flag.
const PER_LINUX: libc::c_ulong = 0;

/// What a process has, where nothing else is set for it: the defaults of Linux, or no limit.
const USUAL: [(Resource, u64); 9] = [
    (Resource::RLIMIT_STACK, 8 * MIB),
    (Resource::RLIMIT_NOFILE, 4096),
    (Resource::RLIMIT_CORE, 0),
    (Resource::RLIMIT_FSIZE, RLIM_INFINITY),
    (Resource::RLIMIT_AS, RLIM_INFINITY),
    (Resource::RLIMIT_DATA, RLIM_INFINITY),
    (Resource::RLIMIT_CPU, RLIM_INFINITY),
    (Resource::RLIMIT_NPROC, RLIM_INFINITY),
    (Resource::RLIMIT_MEMLOCK, 8 * MIB),
];

/// The least that a compiler and the exercises' programs need where they have no limit of their own.
const NEEDED: [(Resource, u64); 5] = [
    (Resource::RLIMIT_STACK, 8 * MIB),
    (Resource::RLIMIT_NOFILE, 1024),
    (Resource::RLIMIT_FSIZE, 64 * MIB),
    (Resource::RLIMIT_AS, 2048 * MIB),
    (Resource::RLIMIT_DATA, 2048 * MIB),
];

/// How many more tasks the user must be allowed, where the limit is lower than the one that is set.
const NEEDED_TASKS: u64 = 64;

static CALLERS_UMASK: OnceLock<u32> = OnceLock::new();

/// Takes back what this process has inherited. Must be called while it has one thread.
///
/// Fails where the hard limit of the stack is so low that the process would not get far.
pub fn normalise() -> io::Result<()> {
    let callers = umask(Mode::from_bits_truncate(UMASK));
    // A second call finds what the first has set.
    CALLERS_UMASK.get_or_init(|| callers.bits());
    take_back_ignored_signals();
    unblock_signals();
    close_on_exec();
    for (resource, usual) in USUAL {
        set_usual(resource, usual)?;
    }
    usual_scheduling();
    lack_of(Resource::RLIMIT_STACK, 8 * MIB)?.map_or(Ok(()), |lack| Err(io::Error::other(lack)))
}

/// The umask that this process was started with: for files that its user keeps.
pub fn callers_umask() -> u32 {
    *CALLERS_UMASK.get().unwrap_or(&UMASK)
}

/// Why this user may not use as much as a program needs at least: a hard limit, in words.
///
/// A limit can be lowered by anyone and raised by few.
pub fn lack() -> io::Result<Option<String>> {
    for (resource, needed) in NEEDED {
        if let Some(lack) = lack_of(resource, needed)? {
            return Ok(Some(lack));
        }
    }
    Ok(lack_of_tasks(RLIM_INFINITY)?.or_else(lack_in_control_groups))
}

/// Why a program cannot have what `limits` grants it.
pub(crate) fn lack_for(limits: &Limits) -> io::Result<Option<String>> {
    let seconds = limits.cpu_time.unwrap_or(limits.wall).as_secs();
    let granted = [
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_FSIZE, limits.file_size),
        (Resource::RLIMIT_AS, limits.address_space),
        (Resource::RLIMIT_CPU, Some(seconds)),
    ];
    for (resource, limit) in granted {
        if let Some(lack) = limit.map_or(Ok(None), |limit| lack_of(resource, limit))? {
            return Ok(Some(lack));
        }
    }
    let is_set = |resource| granted.iter().any(|(set, limit)| *set == resource && limit.is_some());
    for (resource, needed) in NEEDED {
        if !is_set(resource)
            && let Some(lack) = lack_of(resource, needed)?
        {
            return Ok(Some(lack));
        }
    }
    let lack = limits.tasks.map_or(Ok(None), lack_of_tasks)?;
    Ok(lack.or_else(lack_in_control_groups))
}

fn lack_of(resource: Resource, needed: u64) -> io::Result<Option<String>> {
    let (_, most) = getrlimit(resource)?;
    Ok((most < needed).then(|| {
        format!(
            "this user's hard limit {resource:?} is {most} and {needed} are needed: raise it \
             (limits.conf(5); in a container, its option --ulimit)"
        )
    }))
}

/// The kernel compares the limit with all tasks of the user; root's it does not limit.
///
/// A limit that allows what is `wanted` needs no count.
fn lack_of_tasks(wanted: u64) -> io::Result<Option<String>> {
    let (_, most) = getrlimit(Resource::RLIMIT_NPROC)?;
    if most >= wanted || geteuid().is_root() {
        return Ok(None);
    }
    let running = tasks_of(geteuid());
    Ok((most < running.saturating_add(NEEDED_TASKS)).then(|| {
        format!(
            "this user's hard limit RLIMIT_NPROC is {most}, {running} processes and threads are \
             running and {NEEDED_TASKS} more are needed: end some, or raise the limit (limits.conf(5))"
        )
    }))
}

/// The kernel refuses a fork in a control group that is full, root's too: a container, a batch job.
fn lack_in_control_groups() -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let own = root.join(own);
    own.ancestors().take_while(|group| group.starts_with(root)).find_map(lack_in_control_group)
}

/// cgroups(7): `pids.max` is a number or `max`.
fn lack_in_control_group(group: &Path) -> Option<String> {
    let number = |file: &str| -> Option<u64> {
        fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()
    };
    let (most, running) = (number("pids.max")?, number("pids.current")?);
    (most < running + NEEDED_TASKS).then(|| {
        format!(
            "{} allows {most} processes and threads, {running} are running and {NEEDED_TASKS} more \
             are needed: end some, or raise pids.max (in a container, its option --pids-limit)",
            group.display()
        )
    })
}

/// The processes and threads of a user that `/proc` shows.
fn tasks_of(user: Uid) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries.filter(|entry| {
        entry.metadata().is_ok_and(|metadata| metadata.uid() == user.as_raw())
            && entry.file_name().to_string_lossy().parse::<u32>().is_ok()
    });
    own.map(|entry| fs::read_dir(entry.path().join("task")).map_or(0, |tasks| tasks.count() as u64))
        .sum()
}

/// Sets the limits of a program between fork and exec. What is missing is known before ([`lack_for`]).
pub(crate) fn limits_of_a_program(limits: &Limits) -> io::Result<()> {
    let wanted = [
        (Resource::RLIMIT_CORE, Some(0)),
        (Resource::RLIMIT_NPROC, limits.tasks),
        (Resource::RLIMIT_NOFILE, Some(limits.open_files.unwrap_or(1024))),
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
        // SIGXCPU at the first, which says why; SIGKILL at the second for a program that ignores that.
        set_limit(Resource::RLIMIT_CPU, seconds, seconds + 1)?;
    }
    Ok(())
}

fn set_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let (_, most) = getrlimit(resource)?;
    Ok(setrlimit(resource, soft.min(most), hard.min(most))?)
}

/// The soft limit as it usually is; the hard one is raised to it by the few who may.
fn set_usual(resource: Resource, usual: u64) -> io::Result<()> {
    let (_, most) = getrlimit(resource)?;
    if most < usual && setrlimit(resource, usual, usual).is_ok() {
        return Ok(());
    }
    Ok(setrlimit(resource, usual.min(most), most)?)
}

/// Rounded up: zero would be no limit for some kernels and no time for others (getrlimit(2)).
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Gives every signal its default action and an empty mask, between fork and exec: what is ignored or
/// blocked stays so across exec (execve(2)).
///
/// By the system call: the C library would leave its own two signals as they are.
pub(crate) fn signals_of_a_program() {
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
    unblock_signals();
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
pub(crate) fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: all zeros is a sigaction: it consists of integers and a pointer that may be null.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: without a new action the call only fills in the old one (sigaction(2)).
    let result = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// By the system call, as above.
fn unblock_signals() {
    let none = 0_u64;
    // SAFETY: an empty mask of 8 bytes, the size that the kernel takes (rt_sigprocmask(2)).
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const none,
            ptr::null_mut::<u64>(),
            size_of::<u64>(),
        )
    };
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
    for entry in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse::<libc::c_int>().ok());
        if let Some(number) = number.filter(|number| *number > 2) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_limit_that_is_too_low_is_named_with_what_is_needed() {
        let (_, most) = getrlimit(Resource::RLIMIT_STACK).unwrap();
        assert_eq!(lack_of(Resource::RLIMIT_STACK, most).unwrap(), None);
        let most = getrlimit(Resource::RLIMIT_CORE).unwrap().1;
        if most < RLIM_INFINITY {
            let lack = lack_of(Resource::RLIMIT_CORE, most + 1).unwrap().unwrap();
            assert!(
                lack.contains("RLIMIT_CORE") && lack.contains(&(most + 1).to_string()),
                "{lack}"
            );
        }
    }

    #[test]
    fn a_control_group_that_is_nearly_full_is_named() {
        let group = tempfile::tempdir().unwrap();
        let lack = |most: &str, running: &str| {
            fs::write(group.path().join("pids.max"), most).unwrap();
            fs::write(group.path().join("pids.current"), running).unwrap();
            lack_in_control_group(group.path())
        };
        assert_eq!(lack("max\n", "100\n"), None);
        assert_eq!(lack("1000\n", "100\n"), None);
        assert!(lack("150\n", "100\n").is_some_and(|lack| lack.contains("allows 150")));
    }

    #[test]
    fn time_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
    }
}
