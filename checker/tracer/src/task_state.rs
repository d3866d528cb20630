//! What a task does: whether it sleeps, and in which call.

use procfs::{Syscall, thread_activity, thread_status};

/// What a task was doing at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskState {
    /// The state letter of proc_pid_stat(5).
    pub(crate) state: char,
    /// How often it has left a CPU, of its own will or not: equal counts at two readings mean that it has
    /// not run in between.
    switches: u64,
    /// The call that it is in; `None` while it runs its own code.
    pub(crate) call: Option<Syscall>,
}

impl TaskState {
    /// The state of task `tid` of process `pid`; `None` once it has ended.
    pub(crate) fn read(pid: i32, tid: i32) -> Option<Self> {
        let status = thread_status(pid, tid)?;
        let call = thread_activity(pid, tid).ok().and_then(|activity| activity.call());
        Some(Self { state: status.state, switches: status.context_switches, call })
    }

    /// Whether it is in this call.
    pub(crate) fn is_in(&self, number: i64) -> bool {
        self.call.is_some_and(|call| call.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_runs() {
        let (pid, tid) = (std::process::id() as i32, nix::unistd::gettid().as_raw());
        assert_eq!(TaskState::read(pid, tid).unwrap().state, 'R');
    }
}
