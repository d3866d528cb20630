//! What one thread of a program that did not end was doing.

use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;

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
