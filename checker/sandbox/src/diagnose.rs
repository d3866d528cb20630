//! What the threads of a stuck program are doing: their state and system call, from `/proc`.

use nix::unistd::Pid;
use procfs::{Syscall, descriptor, syscall_name, thread_activity, thread_ids, thread_stat};

use crate::descendants::descendants;
use crate::thread_state::{Call, ThreadState};

/// Calls whose first argument is the descriptor that they wait on.
const ON_DESCRIPTORS: [&str; 14] = [
    "read",
    "write",
    "readv",
    "writev",
    "accept",
    "accept4",
    "connect",
    "recvfrom",
    "recvmsg",
    "sendto",
    "sendmsg",
    "flock",
    "epoll_wait",
    "epoll_pwait",
];

/// The threads of every process below this one.
pub(crate) fn threads_of_descendants() -> Vec<ThreadState> {
    let mut states = Vec::new();
    for (pid, _) in descendants(Pid::this()) {
        let pid = pid.as_raw();
        states.extend(thread_ids(pid).into_iter().filter_map(|tid| thread_state(pid, tid)));
    }
    states
}

fn thread_state(pid: i32, tid: i32) -> Option<ThreadState> {
    let stat = thread_stat(pid, tid)?;
    // It takes the right to trace: without it the call stays unknown.
    let call = thread_activity(pid, tid).ok().and_then(|activity| activity.call());
    let call = call.map(|call| describe(pid, call));
    Some(ThreadState { pid, tid, name: stat.name, state: stat.state, call })
}

fn describe(pid: i32, Syscall { number, arguments }: Syscall) -> Call {
    let Some(name) = syscall_name(number) else {
        return Call { name: format!("system call {number}"), descriptor: None };
    };
    let first = arguments[0] as i32;
    let waits_on_descriptor = ON_DESCRIPTORS.contains(&name);
    let descriptor = || Some((first, descriptor(pid, first)?));
    Call { name: name.to_owned(), descriptor: waits_on_descriptor.then(descriptor).flatten() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_read_names_its_descriptor() {
        let call = Syscall { number: libc::SYS_read, arguments: [0, 1, 2, 3, 4, 5] };
        let call = describe(Pid::this().as_raw(), call);
        assert_eq!(call.name, "read");
        assert_eq!(call.descriptor.unwrap().0, 0);
    }

    #[test]
    fn an_unknown_call_keeps_its_number() {
        let call = Syscall { number: 99_999, arguments: [0; 6] };
        assert_eq!(describe(1, call).name, "system call 99999");
    }
}
