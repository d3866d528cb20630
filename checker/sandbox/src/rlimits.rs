//! Resource limits (getrlimit(2)): the usual ones, a program's, and which of them this machine cannot grant.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, geteuid};

use crate::request::Limits;

const MIB: u64 = 1 << 20;

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

/// Why this process's stack is too small for it to get far.
pub(crate) fn lack_of_stack() -> io::Result<Option<String>> {
    lack_of(Resource::RLIMIT_STACK, 8 * MIB)
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
    let is_own = |pid: &i32| {
        fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == user.as_raw())
    };
    let own = procfs::process_ids().into_iter().filter(is_own);
    own.map(|pid| procfs::thread_ids(pid).len() as u64).sum()
}

/// Sets the limits of a program between fork and exec. What is missing is known before ([`lack_for`]).
pub(crate) fn set_limits(limits: &Limits) -> io::Result<()> {
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

/// Sets the soft limits of this process as they usually are.
pub(crate) fn set_usual_limits() -> io::Result<()> {
    USUAL.into_iter().try_for_each(|(resource, usual)| set_usual(resource, usual))
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
