//! What a sleeping task waits for, by its call's number and arguments.

use std::collections::BTreeMap;

use crate::descriptors::{self, read_memory};
use crate::event::Asked;
use crate::look::Look;
use crate::recording::{Recording, Task};
use crate::stuck::{Holder, Need, Waits};

/// Where each pipe end is open.
pub(crate) type OpenPipes = BTreeMap<String, Vec<Holder>>;

pub(crate) fn open_pipes(recording: &Recording) -> OpenPipes {
    let mut open = OpenPipes::new();
    for record in recording.processes.iter().filter(|record| record.end.is_none()) {
        for (number, what) in descriptors::all(record.pid, &recording.streams) {
            let holder = Holder { process: record.name.clone(), number };
            if what.starts_with("pipe:[") {
                open.entry(what).or_default().push(holder);
            }
        }
    }
    open
}

/// What a task waits for, and whether only a task of the program could end that.
pub(crate) fn waits(
    recording: &Recording,
    tid: i32,
    task: &Task,
    look: &Look,
    open: &OpenPipes,
) -> (Waits, bool) {
    if let Some(signal) = task.stopped_by {
        return (Waits::Stopped { signal }, true);
    }
    if let Some(child) = task.suspended_by {
        return (Waits::Vfork { child: recording.processes[child].name.clone() }, true);
    }
    let Some((number, args)) = look.call else { return (Waits::Runs, false) };
    let name = call_name(number as i64);
    let call = || Waits::Call { call: name.map_or(format!("call {number}"), str::to_owned) };
    match name {
        Some(name @ ("read" | "readv" | "write" | "writev")) => {
            let to_write = name.starts_with("write");
            match need(recording, tid, args[0] as i32, to_write, open) {
                Some(need) => (Waits::Pipes { call: name.to_owned(), needs: vec![need] }, true),
                None => (call(), false),
            }
        }
        Some(name @ ("poll" | "ppoll")) => {
            let for_ever = if name == "poll" { (args[2] as i32) < 0 } else { args[2] == 0 };
            match polled(recording, tid, &args, open) {
                Some(needs) => (Waits::Pipes { call: "poll".to_owned(), needs }, for_ever),
                None => (call(), false),
            }
        }
        Some("wait4") => {
            let child = (args[0] as i32 > 0).then_some(args[0] as i32);
            (children(recording, task, child), true)
        }
        Some("waitid") => {
            let child = (args[0] as u32 == libc::P_PID).then_some(args[1] as i32);
            (children(recording, task, child), true)
        }
        // The time limit is the fourth argument (futex(2)).
        Some("futex") => (Waits::Futex, args[3] == 0),
        Some("pause" | "rt_sigsuspend") => (call(), true),
        Some("rt_sigtimedwait") => (call(), args[2] == 0),
        _ => (call(), false),
    }
}

fn need(
    recording: &Recording,
    tid: i32,
    number: i32,
    to_write: bool,
    open: &OpenPipes,
) -> Option<Need> {
    let what = descriptors::what(tid, number, &recording.streams)?;
    if !what.starts_with("pipe:[") {
        return None;
    }
    let pipe = what.trim_end_matches(['.', 'r', 'w']);
    let other_end = format!("{pipe}.{}", if to_write { "r" } else { "w" });
    let holders = open.get(&other_end).cloned().unwrap_or_default();
    Some(Need { what, to_write, holders })
}

/// `struct pollfd` (poll(2)): the number, then what is wanted of it.
fn polled(recording: &Recording, tid: i32, args: &[u64; 6], open: &OpenPipes) -> Option<Vec<Need>> {
    let mut list = vec![0; 8 * (args[1] as usize).min(64)];
    if read_memory(tid, args[0], &mut list) != list.len() {
        return None;
    }
    let mut needs = Vec::new();
    for entry in list.chunks_exact(8) {
        let number = i32::from_le_bytes(entry[..4].try_into().ok()?);
        let wanted = i16::from_le_bytes(entry[4..6].try_into().ok()?);
        if number >= 0 {
            needs.push(need(recording, tid, number, wanted & libc::POLLOUT != 0, open)?);
        }
    }
    Some(needs)
}

fn children(recording: &Recording, task: &Task, child: Option<i32>) -> Waits {
    let name = |index: usize| recording.processes[index].name.clone();
    let asked = match child.and_then(|pid| recording.by_id(pid)) {
        Some(index) => Asked::Child(name(index)),
        None => Asked::Any,
    };
    let is_child = |index: &usize| {
        let record = &recording.processes[*index];
        record.parent == Some(task.process) && record.end.is_none()
    };
    let alive = (0..recording.processes.len()).filter(is_child).map(name).collect();
    Waits::Children { asked, alive }
}

/// The calls that programs wait in.
fn call_name(number: i64) -> Option<&'static str> {
    Some(match number {
        libc::SYS_accept | libc::SYS_accept4 => "accept",
        libc::SYS_clock_nanosleep | libc::SYS_nanosleep => "sleep",
        libc::SYS_connect => "connect",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => "epoll_wait",
        libc::SYS_epoll_pwait => "epoll_wait",
        libc::SYS_fcntl => "fcntl",
        libc::SYS_flock => "flock",
        libc::SYS_futex => "futex",
        libc::SYS_mq_timedreceive => "mq_receive",
        libc::SYS_mq_timedsend => "mq_send",
        libc::SYS_msgrcv => "msgrcv",
        libc::SYS_msgsnd => "msgsnd",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause => "pause",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => "poll",
        libc::SYS_ppoll => "ppoll",
        libc::SYS_pselect6 => "select",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => "select",
        libc::SYS_read => "read",
        libc::SYS_readv => "readv",
        libc::SYS_recvfrom | libc::SYS_recvmsg => "recv",
        libc::SYS_rt_sigsuspend => "rt_sigsuspend",
        libc::SYS_rt_sigtimedwait => "rt_sigtimedwait",
        libc::SYS_semop | libc::SYS_semtimedop => "semop",
        libc::SYS_sendto | libc::SYS_sendmsg => "send",
        libc::SYS_wait4 => "wait4",
        libc::SYS_waitid => "waitid",
        libc::SYS_write => "write",
        libc::SYS_writev => "writev",
        libc::SYS_restart_syscall => "sleep",
        _ => return None,
    })
}
