//! What is known when a watched call begins.

use std::time::Instant;

use crate::descriptors;
use crate::event::{Asked, Disposition, Event, SocketCall};
use crate::memory::{read_text, read_u64};
use crate::recording::{Pending, Recording, Takes};
use crate::watched::{Call, watched};

/// `SA_NOCLDWAIT`: children that end become no zombies (sigaction(2)).
const SA_NOCLDWAIT: u64 = 2;

/// Takes note of a call that task `id` begins.
pub(crate) fn record(recording: &mut Recording, id: i32, number: u64, args: &[u64; 6]) {
    let Some(call) = watched(number, args) else { return };
    let first = args[0] as i32;
    let pending = match call {
        Call::Clone => {
            set_flags(recording, id, args[0]);
            None
        }
        Call::Clone3 => {
            // `struct clone_args` begins with the flags (clone(2)).
            set_flags(recording, id, read_u64(id, args[0]).unwrap_or(0));
            None
        }
        Call::Execve => exec(id, args[0]),
        Call::Execveat => exec(id, args[1]),
        Call::ThreadExit | Call::ExitGroup => {
            let event = match call {
                Call::ThreadExit => Event::ThreadEnd,
                _ => Event::ExitGroup { code: first & 0xff },
            };
            // Of a first thread the end of the process tells it.
            if recording.tasks.get(&id).is_some_and(|task| task.thread.is_some()) {
                recording.note(id, event);
            }
            None
        }
        Call::Wait4 => {
            let asked = match first {
                -1 => Asked::Any,
                pid if pid > 0 => child(recording, pid),
                _ => Asked::Group,
            };
            Some(Pending::Wait4 { asked, status: args[1] })
        }
        Call::Waitid => Some(waitid(recording, id, args)),
        Call::Kill => kill(recording, id, first, args[1]),
        Call::Tkill => kill(recording, id, first, args[1]),
        Call::Tgkill => kill(recording, id, args[1] as i32, args[2]),
        Call::PidfdKill => {
            let target = procfs::process_of_pidfd(id, first).unwrap_or(i32::MAX);
            kill(recording, id, target, args[1])
        }
        Call::Sigaction => {
            sigchld(recording, id, args[1]);
            None
        }
        Call::Pipe => Some(Pending::Pipe { address: args[0], flags: 0 }),
        Call::Pipe2 => Some(Pending::Pipe { address: args[0], flags: args[1] }),
        Call::Dup | Call::Fcntl => Some(Pending::Dup { from: first }),
        Call::Close => {
            close(recording, id, first);
            None
        }
        Call::CloseRange => {
            recording.forget_descriptors(id);
            let on_exec = args[2] as u32 & libc::CLOSE_RANGE_CLOEXEC != 0;
            let (first, last) = (args[0] as u32, args[1] as u32);
            recording.note(id, Event::CloseRange { first, last, on_exec });
            None
        }
        Call::Read => {
            transfer(recording, id, first, |what| Event::Read { what });
            None
        }
        Call::Write => {
            transfer(recording, id, first, |what| Event::Write { what });
            None
        }
        Call::Epoll => Some(Pending::Epoll { epoll: first, events: args[1] }),
        Call::Timerfd => Some(Pending::Timerfd { armed: is_armed(id, args[2]) }),
        Call::Listen => Some(Pending::Socket { call: SocketCall::Listen, number: first }),
        Call::Connect => Some(Pending::Socket { call: SocketCall::Connect, number: first }),
        Call::Accept => Some(Pending::Socket { call: SocketCall::Accept, number: first }),
        Call::Timer => {
            recording.timers |= recording.started;
            None
        }
    };
    if let Some(task) = recording.tasks.get_mut(&id) {
        task.call = pending;
    }
}

/// Whether `struct itimerspec` has a first expiration: `it_value`, behind the interval (timerfd_settime(2)).
fn is_armed(id: i32, setting: u64) -> bool {
    let value = [16, 24].map(|offset| read_u64(id, setting + offset));
    value.iter().any(|part| part.is_some_and(|part| part != 0))
}

fn set_flags(recording: &mut Recording, id: i32, flags: u64) {
    if let Some(task) = recording.tasks.get_mut(&id) {
        task.flags = flags;
    }
}

fn exec(id: i32, path: u64) -> Option<Pending> {
    Some(Pending::Exec { path: read_text(id, path).unwrap_or_default() })
}

fn child(recording: &Recording, pid: i32) -> Asked {
    let name = recording.by_id(pid).map(|index| recording.processes[index].name.clone());
    Asked::Child(name.unwrap_or_else(|| "nobody known".to_owned()))
}

fn waitid(recording: &Recording, id: i32, args: &[u64; 6]) -> Pending {
    let asked = match args[0] as u32 {
        libc::P_PID => child(recording, args[1] as i32),
        libc::P_PIDFD => {
            let target = procfs::process_of_pidfd(id, args[1] as i32);
            child(recording, target.unwrap_or(i32::MAX))
        }
        libc::P_PGID => Asked::Group,
        _ => Asked::Any,
    };
    let has = |option: i32| args[3] as i32 & option != 0;
    let takes = match (has(libc::WNOWAIT), has(libc::WNOHANG)) {
        (false, _) => Takes::TheChild,
        (true, false) => Takes::TheNews,
        (true, true) => Takes::Nothing,
    };
    Pending::Waitid { asked, info: args[2], takes }
}

fn kill(recording: &mut Recording, id: i32, target: i32, signal: u64) -> Option<Pending> {
    let speaker = recording.tasks.get(&id)?.process;
    let name = match target {
        -1 => "everyone".to_owned(),
        pid if pid <= 0 => "its group".to_owned(),
        pid => recording.name_for(speaker, pid).unwrap_or_else(|| "nobody known".to_owned()),
    };
    let is_own = name == "itself";
    recording.note(id, Event::Kill { target: name, signal: signal as i32, error: None });
    if recording.started && !is_own && signal != 0 {
        recording.held.insert(id, Instant::now());
    }
    // The call may be the last thing that it does, so it is noted now and completed later.
    let event = recording.events_of(id)?.len().checked_sub(1)?;
    Some(Pending::Kill { event, target: (target > 0).then_some(target) })
}

/// The kernel's `struct sigaction` begins with the handler and the flags.
fn sigchld(recording: &mut Recording, id: i32, action: u64) {
    let Some(handler) = read_u64(id, action) else { return };
    let flags = read_u64(id, action + 8).unwrap_or(0);
    let to = match handler as usize {
        _ if flags & SA_NOCLDWAIT != 0 => Disposition::Ignored,
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignored,
        _ => Disposition::Handled,
    };
    let Some(task) = recording.tasks.get(&id) else { return };
    let record = &mut recording.processes[task.process];
    if record.sigchld != to {
        record.sigchld = to;
        recording.note(id, Event::Sigchld { to });
    }
}

fn close(recording: &mut Recording, id: i32, number: i32) {
    recording.forget_descriptors(id);
    match descriptors::what(id, number, &recording.streams) {
        Some(what) if number <= 2 || descriptors::is_told(&what) => {
            recording.note(id, Event::Close { number, what });
        }
        Some(_) => {}
        // Closing -1 is a habit of shells.
        None if number < 0 => {}
        None => recording.note(id, Event::CloseFailed { number }),
    }
}

fn transfer(recording: &mut Recording, id: i32, number: i32, event: fn(String) -> Event) {
    let Some(task) = recording.tasks.get(&id).filter(|_| recording.started) else { return };
    let record = &mut recording.processes[task.process];
    let what = match record.known.get(&number).cloned() {
        Some(what) => what,
        None => {
            let Some(what) = descriptors::what(id, number, &recording.streams) else { return };
            if !record.shares_descriptors {
                record.known.insert(number, what.clone());
            }
            what
        }
    };
    let event = event(what);
    // Of files only what is written is told: the loader reads many.
    let is_told = match &event {
        Event::Read { what } => descriptors::is_told(what),
        _ => true,
    };
    if is_told {
        recording.note(id, event);
    }
}
