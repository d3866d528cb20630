//! What is known when a watched call ends.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::Pid;

use crate::descriptors;
use crate::event::{Answer, Asked, Descriptor, Disposition, End, Event, SocketCall};
use crate::memory::{read_i32, read_u64};
use crate::recording::{Pending, Recording, Takes};
use crate::registers::set_count;
use crate::timeline::Reaped;

/// Of a longer argument the beginning is told.
const LONGEST_ARGUMENT: usize = 60;
/// The size of `struct epoll_event`, and where its data is: on x86-64 it is packed (epoll_event(3type)).
const EVENT: u64 = if cfg!(target_arch = "x86_64") { 12 } else { 16 };
const DATA: u64 = if cfg!(target_arch = "x86_64") { 4 } else { 8 };

/// Takes note of the end of the call that task `id` was in.
pub(crate) fn record(recording: &mut Recording, id: i32, result: i64) {
    let Some(call) = recording.tasks.get_mut(&id).and_then(|task| task.call.take()) else { return };
    let failed = (-4095..0).contains(&result).then_some(-result as i32);
    match call {
        Pending::Exec { path } => {
            if let Some(error) = failed {
                recording.note(id, Event::ExecFailed { program: program(id, &path), error });
            }
        }
        Pending::Pipe { address, flags } if failed.is_none() => pipe(recording, id, address, flags),
        Pending::Dup { from } if failed.is_none() => {
            recording.forget_descriptors(id);
            let to = result as i32;
            if let Some(what) = descriptors::what(id, to, &recording.streams) {
                recording.note(id, Event::Dup { from, to, what });
            }
        }
        Pending::Pipe { .. } | Pending::Dup { .. } => {}
        Pending::Wait4 { asked, .. } | Pending::Waitid { asked, .. }
            if failed == Some(libc::ECHILD) =>
        {
            recording.note(id, Event::Wait { asked, answer: Answer::NoChild });
        }
        Pending::Wait4 { asked, status } => {
            let status = read_i32(id, status);
            wait4(recording, id, asked, result, status);
        }
        Pending::Waitid { asked, info, takes } => {
            waitid(recording, id, asked, result, info, takes);
        }
        Pending::Epoll { epoll, events } if failed.is_none() => {
            let what = ready(id, epoll, events, result as usize, recording);
            recording.note(id, Event::Ready { what });
        }
        Pending::Timerfd { armed } if failed.is_none() => {
            recording.note(id, Event::Timer { armed });
        }
        Pending::Socket { call, number } => socket(recording, id, call, number, result),
        Pending::Epoll { .. } | Pending::Timerfd { .. } => {}
        Pending::Short { count } => {
            // The program's registers are as it left them. ESRCH: it has been killed since.
            let _ = set_count(Pid::from_raw(id), count);
        }
        Pending::Kill { event, .. } => {
            let event = recording.events_of(id).and_then(|events| events.get_mut(event));
            if let Some(Event::Kill { error, .. }) = event {
                *error = failed;
            }
        }
    }
}

/// Task `id`, which was thread `former` before, has become another program.
pub(crate) fn record_exec(recording: &mut Recording, id: i32, former: i32) {
    let caller = if former == id { None } else { recording.tasks.remove(&former) };
    let Some(task) = recording.tasks.get_mut(&id) else { return };
    let pending = caller.map_or_else(|| task.call.take(), |mut caller| caller.call.take());
    task.call = None;
    let record = &mut recording.processes[task.process];
    record.known.clear();
    if let Some(probing) = &mut recording.probing {
        probing.became_another_program(task.process);
    }
    if record.sigchld == Disposition::Handled {
        record.sigchld = Disposition::Default;
    }
    recording.started = true;
    let path = match pending {
        Some(Pending::Exec { path }) => path,
        _ => String::new(),
    };
    let open = descriptors::all(id, &recording.streams).into_iter();
    let descriptors = open.map(|(number, what)| Descriptor { number, what }).collect();
    let event = Event::Exec { program: program(id, &path), args: arguments(id), descriptors };
    recording.note(id, event);
}

/// The last part of the path that was called; of `/proc/self/exe` that of the file.
fn program(id: i32, path: &str) -> String {
    let path = if path.is_empty() || path.starts_with("/proc/") {
        fs::read_link(format!("/proc/{id}/exe")).unwrap_or_default()
    } else {
        path.into()
    };
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn arguments(id: i32) -> Vec<String> {
    procfs::command_line(id).iter().skip(1).map(|word| argument(word)).collect()
}

fn argument(word: &str) -> String {
    let is_path = word.starts_with('/') && !word.contains(char::is_whitespace);
    let name = Path::new(word).file_name().filter(|_| is_path);
    let word = name.map_or(word.into(), |name| name.to_string_lossy());
    let mut text: String = word.chars().take(LONGEST_ARGUMENT).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pipe(recording: &mut Recording, id: i32, address: u64, flags: u64) {
    recording.forget_descriptors(id);
    let read = read_i32(id, address);
    let write = read_i32(id, address + 4);
    let (Some(read), Some(write)) = (read, write) else { return };
    if recording.small_pipes {
        make_small(id, read);
    }
    let Some(what) = descriptors::what(id, read, &recording.streams) else { return };
    let pipe = what.trim_end_matches(".r").to_owned();
    let close_on_exec = flags as i32 & libc::O_CLOEXEC != 0;
    recording.note(id, Event::Pipe { pipe, read, write, close_on_exec });
}

/// Makes a new pipe one page large, as small as it can be (F_SETPIPE_SZ(2const)).
fn make_small(id: i32, read: i32) {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    if let Ok(end) = options.open(format!("/proc/{id}/fd/{read}")) {
        // The kernel rounds up to a page. A smaller size is never refused for an empty pipe.
        let _ = fcntl(&end, FcntlArg::F_SETPIPE_SZ(1));
    }
}

/// What the events of an epoll_wait that has ended are about, each once, in the order of their names.
///
/// An event has the data that the program gave; which descriptor it gave it for is in `/proc/PID/fdinfo`
/// (proc_pid_fdinfo(5)). What was removed since, or given for several descriptors, is told as `something`.
fn ready(id: i32, epoll: i32, events: u64, count: usize, recording: &Recording) -> Vec<String> {
    let watched = procfs::epoll_targets(id, epoll);
    let data = (0..count).filter_map(|index| read_u64(id, events + index as u64 * EVENT + DATA));
    let target = |data| {
        let mut of_data = watched.iter().filter(|target| target.data == data);
        let target = of_data.next().filter(|_| of_data.next().is_none())?;
        descriptors::what(id, target.number, &recording.streams)
    };
    let mut what: Vec<String> =
        data.map(|data| target(data).unwrap_or_else(|| "something".to_owned())).collect();
    what.sort();
    what.dedup();
    what
}

fn socket(recording: &mut Recording, id: i32, call: SocketCall, number: i32, result: i64) {
    let begins = call == SocketCall::Connect && result == -i64::from(libc::EINPROGRESS);
    if result < 0 && !begins {
        return;
    }
    recording.forget_descriptors(id);
    let number = if call == SocketCall::Accept { result as i32 } else { number };
    if let Some(what) = descriptors::what(id, number, &recording.streams) {
        recording.note(id, Event::Socket { call, what });
    }
}

fn wait4(recording: &mut Recording, id: i32, asked: Asked, result: i64, status: Option<i32>) {
    let Some(child) = (result > 0).then(|| recording.by_id(result as i32)).flatten() else {
        return;
    };
    match status {
        Some(status) if libc::WIFSTOPPED(status) => {
            let signal = libc::WSTOPSIG(status);
            answer(recording, id, asked, child, |child, _| Answer::Stopped { child, signal });
        }
        Some(status) if libc::WIFCONTINUED(status) => {
            answer(recording, id, asked, child, |child, _| Answer::Continued { child });
        }
        // Without a place for the status only an end is reported here: who asks for stops has one.
        _ => reaped(recording, id, asked, child),
    }
}

/// `siginfo_t` of a child, on 64 bits: si_code at 8, si_pid at 16, si_status at 24.
fn waitid(recording: &mut Recording, id: i32, asked: Asked, result: i64, info: u64, takes: Takes) {
    if result != 0 {
        return;
    }
    if info == 0 {
        // It did not want to know what: then this is known only of a wait for one child.
        let Asked::Child(name) = &asked else { return };
        let child = recording.processes.iter().position(|record| record.name == *name);
        if let Some(child) = child.filter(|_| takes == Takes::TheChild) {
            reaped(recording, id, asked, child);
        }
        return;
    }
    let Some(code) = read_i32(id, info + 8) else { return };
    // With WNOHANG and no news the process id is 0 (waitid(2)).
    let pid = read_i32(id, info + 16).filter(|pid| *pid > 0);
    let Some(child) = pid.and_then(|pid| recording.by_id(pid)) else { return };
    match code {
        _ if takes == Takes::Nothing => {}
        libc::CLD_STOPPED => {
            let signal = read_i32(id, info + 24).unwrap_or(0);
            answer(recording, id, asked, child, |child, _| Answer::Stopped { child, signal });
        }
        libc::CLD_CONTINUED => {
            answer(recording, id, asked, child, |child, _| Answer::Continued { child });
        }
        _ if takes == Takes::TheNews => {
            answer(recording, id, asked, child, |child, end| Answer::Seen { child, end });
        }
        _ => reaped(recording, id, asked, child),
    }
}

fn reaped(recording: &mut Recording, id: i32, asked: Asked, child: usize) {
    if let Some(task) = recording.tasks.get(&id) {
        let by = recording.processes[task.process].name.clone();
        recording.processes[child].reaped = Reaped::By(by);
    }
    answer(recording, id, asked, child, |child, end| Answer::Reaped { child, end });
}

fn answer(
    recording: &mut Recording,
    id: i32,
    asked: Asked,
    child: usize,
    answer: impl FnOnce(String, End) -> Answer,
) {
    let record = &recording.processes[child];
    let answer = answer(record.name.clone(), record.end.unwrap_or(End::Cut));
    recording.note(id, Event::Wait { asked, answer });
}

#[cfg(test)]
mod tests {
    use super::argument;

    #[test]
    fn a_path_loses_its_directory_and_a_script_stays() {
        assert_eq!(argument("/tmp/a/b"), "b");
        assert_eq!(argument("cat a/b;\n true"), "cat a/b; true");
        assert_eq!(argument(&"x".repeat(70)), format!("{}…", "x".repeat(60)));
    }
}
