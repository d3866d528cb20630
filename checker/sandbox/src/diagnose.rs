//! What the threads of a stuck program are doing: their state and system call, from `/proc`.

use std::fs;

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::descendants::descendants;

/// One thread of a program that did not end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadState {
    /// Its process.
    pub pid: i32,
    /// Its own id; equal to `pid` for the first thread of a process.
    pub tid: i32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// The state letter of proc_pid_stat(5).
    pub state: char,
    /// The system call it is in; `None` while it runs its own code.
    pub call: Option<Call>,
}

/// A system call in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its name, or `system call N`.
    pub name: String,
    /// The descriptor it waits on and what that leads to, where it waits on one.
    pub descriptor: Option<(i32, String)>,
}

impl std::fmt::Display for ThreadState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} thread `{}`: ", self.pid, self.name)?;
        let state = match self.state {
            'R' => "running",
            'S' => "asleep",
            'D' => "asleep, not interruptible,",
            'T' => "stopped by a signal",
            't' => "stopped by a tracer",
            'Z' => "a zombie: ended, its parent has not waited for it",
            _ => "in another state",
        };
        write!(f, "{state}")?;
        let Some(call) = &self.call else {
            return match self.state {
                'R' => write!(f, ", busy on a CPU"),
                _ => Ok(()),
            };
        };
        write!(f, " in {}", call.name)?;
        if let Some((number, target)) = &call.descriptor {
            write!(f, " on descriptor {number} ({target})")?;
        }
        match meaning(&call.name) {
            Some(meaning) => write!(f, ": {meaning}"),
            None => Ok(()),
        }
    }
}

/// What the calls that programs hang in most often wait for.
fn meaning(call: &str) -> Option<&'static str> {
    Some(match call {
        "futex" => "waits for a lock, a condition variable or another thread's end",
        "read" => "waits for data or end-of-file",
        "write" => "waits until there is room",
        "wait4" | "waitid" => "waits for a child process to end",
        "nanosleep" | "clock_nanosleep" => "sleeps",
        "epoll_wait" | "epoll_pwait" | "poll" | "ppoll" | "select" | "pselect6" => {
            "waits for an event"
        }
        "accept" | "accept4" => "waits for a connection",
        "pause" | "rt_sigsuspend" | "rt_sigtimedwait" => "waits for a signal",
        "vfork" => "suspended until its vfork child calls _exit or execve",
        _ => return None,
    })
}

/// The threads of every process below this one.
pub(crate) fn threads_of_descendants() -> Vec<ThreadState> {
    let mut states = Vec::new();
    for process in descendants(Pid::this()) {
        let pid = process.pid.as_raw();
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
            continue;
        };
        let mut tids: Vec<i32> =
            tasks.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        tids.sort_unstable();
        states.extend(tids.into_iter().filter_map(|tid| thread_state(pid, tid)));
    }
    states
}

fn thread_state(pid: i32, tid: i32) -> Option<ThreadState> {
    let directory = format!("/proc/{pid}/task/{tid}");
    let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    // proc_pid_syscall(5) needs the right to trace: without it the call stays unknown.
    let call = fs::read_to_string(format!("{directory}/syscall")).ok();
    Some(ThreadState {
        pid,
        tid,
        name: name.to_owned(),
        state: after.split_whitespace().next()?.chars().next()?,
        call: call.and_then(|line| parse_call(pid, &line)),
    })
}

/// `number arg0 arg1 … sp pc`, or `running`, or `-1 sp pc` outside any call.
fn parse_call(pid: i32, line: &str) -> Option<Call> {
    let mut fields = line.split_whitespace();
    let number: i64 = fields.next()?.parse().ok()?;
    if number < 0 {
        return None;
    }
    let name = call_name(number);
    let waits_on_descriptor = matches!(
        name.as_deref(),
        Some(
            "read"
                | "write"
                | "readv"
                | "writev"
                | "accept"
                | "accept4"
                | "connect"
                | "recvfrom"
                | "recvmsg"
                | "sendto"
                | "sendmsg"
                | "flock"
                | "epoll_wait"
                | "epoll_pwait"
        )
    );
    let descriptor = waits_on_descriptor.then(|| descriptor(pid, fields.next())).flatten();
    Some(Call { name: name.unwrap_or_else(|| format!("system call {number}")), descriptor })
}

fn descriptor(pid: i32, argument: Option<&str>) -> Option<(i32, String)> {
    let number = i32::from_str_radix(argument?.strip_prefix("0x")?, 16).ok()?;
    let target = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
    Some((number, target.to_string_lossy().into_owned()))
}

/// Names of the system calls that a program can wait in, for the architecture this is built for.
fn call_name(number: i64) -> Option<String> {
    macro_rules! names {
        ($($(#[$attribute:meta])* $name:literal = $constant:ident),+ $(,)?) => {
            [$($(#[$attribute])* (libc::$constant, $name)),+]
        };
    }
    let names = names![
        "accept" = SYS_accept,
        "accept4" = SYS_accept4,
        "clock_nanosleep" = SYS_clock_nanosleep,
        "clone" = SYS_clone,
        "clone3" = SYS_clone3,
        "connect" = SYS_connect,
        "epoll_pwait" = SYS_epoll_pwait,
        #[cfg(target_arch = "x86_64")]
        "epoll_wait" = SYS_epoll_wait,
        "execve" = SYS_execve,
        "fcntl" = SYS_fcntl,
        "flock" = SYS_flock,
        "fsync" = SYS_fsync,
        "futex" = SYS_futex,
        "ioctl" = SYS_ioctl,
        "mq_timedreceive" = SYS_mq_timedreceive,
        "mq_timedsend" = SYS_mq_timedsend,
        "msgrcv" = SYS_msgrcv,
        "msgsnd" = SYS_msgsnd,
        "nanosleep" = SYS_nanosleep,
        "openat" = SYS_openat,
        #[cfg(target_arch = "x86_64")]
        "pause" = SYS_pause,
        #[cfg(target_arch = "x86_64")]
        "poll" = SYS_poll,
        "ppoll" = SYS_ppoll,
        "pselect6" = SYS_pselect6,
        "read" = SYS_read,
        "readv" = SYS_readv,
        "recvfrom" = SYS_recvfrom,
        "recvmsg" = SYS_recvmsg,
        "restart_syscall" = SYS_restart_syscall,
        "rt_sigsuspend" = SYS_rt_sigsuspend,
        "rt_sigtimedwait" = SYS_rt_sigtimedwait,
        "sched_yield" = SYS_sched_yield,
        #[cfg(target_arch = "x86_64")]
        "select" = SYS_select,
        "semop" = SYS_semop,
        "semtimedop" = SYS_semtimedop,
        "sendmsg" = SYS_sendmsg,
        "sendto" = SYS_sendto,
        #[cfg(target_arch = "x86_64")]
        "vfork" = SYS_vfork,
        "wait4" = SYS_wait4,
        "waitid" = SYS_waitid,
        "write" = SYS_write,
        "writev" = SYS_writev,
    ];
    names.into_iter().find(|(known, _)| *known == number).map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_read_names_its_descriptor() {
        let pid = Pid::this().as_raw();
        let call = parse_call(pid, &format!("{} 0x0 0x1 0x2 0x3 0x4 0x5 0x6 0x7", libc::SYS_read));
        let call = call.unwrap();
        assert_eq!(call.name, "read");
        assert_eq!(call.descriptor.unwrap().0, 0);
    }

    #[test]
    fn running_is_no_call() {
        assert_eq!(parse_call(1, "running\n"), None);
        assert_eq!(parse_call(1, "-1 0x7ffd 0x7f00\n"), None);
    }

    #[test]
    fn an_unknown_call_keeps_its_number() {
        assert_eq!(parse_call(1, "99999 0x0").unwrap().name, "system call 99999");
    }

    #[test]
    fn a_sleeper_reads_as_a_sentence() {
        let state = ThreadState {
            pid: 7,
            tid: 8,
            name: "waiter".into(),
            state: 'S',
            call: Some(Call { name: "futex".into(), descriptor: None }),
        };
        assert_eq!(
            state.to_string(),
            "process 7 thread `waiter`: asleep in futex: \
             waits for a lock, a condition variable or another thread's end"
        );
    }
}
