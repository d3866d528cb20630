//! What a sleeping task waits for, by its call's number and arguments.

use std::collections::BTreeMap;

use procfs::{Syscall, syscall_name};

use crate::descriptors;
use crate::event::Asked;
use crate::memory::read_memory;
use crate::recording::{Recording, Task};
use crate::stuck::{Holder, Need, Waits};
use crate::task_state::TaskState;

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
    state: &TaskState,
    open: &OpenPipes,
) -> (Waits, bool) {
    if let Some(signal) = task.stopped_by {
        return (Waits::Stopped { signal }, true);
    }
    if let Some(child) = task.suspended_by {
        return (Waits::Vfork { child: recording.processes[child].name.clone() }, true);
    }
    let Some(Syscall { number, arguments: args }) = state.call else { return (Waits::Runs, false) };
    let name = syscall_name(number).map(family);
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

/// One name for the calls that do the same.
fn family(name: &'static str) -> &'static str {
    match name {
        "accept4" => "accept",
        "clock_nanosleep" | "nanosleep" | "restart_syscall" => "sleep",
        "epoll_pwait" => "epoll_wait",
        "mq_timedreceive" => "mq_receive",
        "mq_timedsend" => "mq_send",
        "pselect6" => "select",
        "recvfrom" | "recvmsg" => "recv",
        "semtimedop" => "semop",
        "sendto" | "sendmsg" => "send",
        name => name,
    }
}
