//! What has been seen so far. The tracer's thread writes it; the caller's reads it to see whether the
//! program is quiescent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::descriptors::Streams;
use crate::event::{Answer, Asked, Birth, Disposition, End, Event, SocketCall};
use crate::probing::Probing;
use crate::stuck::Stuck;
use crate::timeline::{Reaped, Thread};

/// More processes and threads than anyone looks at.
const MOST_TASKS: usize = 500;
/// More events than anyone looks at.
const MOST_EVENTS: usize = 50_000;

/// What has been seen so far.
pub(crate) struct Recording {
    pub(crate) processes: Vec<Record>,
    /// The processes and threads that live, by their ids.
    pub(crate) tasks: BTreeMap<i32, Task>,
    /// New ones that stopped before their maker's stop told of them.
    pub(crate) early: BTreeSet<i32>,
    /// Tasks that stand before sending a signal to another process, and since when.
    pub(crate) held: BTreeMap<i32, Instant>,
    /// Who has or had this id last.
    by_pid: HashMap<i32, usize>,
    pub(crate) streams: Streams,
    /// The calls that are counted or disturbed, if there are any.
    pub(crate) probing: Option<Probing>,
    /// Whether each new pipe is made as small as can be.
    pub(crate) small_pipes: bool,
    /// Whether the program has been started: before that the child is a copy of the tracer.
    pub(crate) started: bool,
    /// Whether the seccomp filter is at work.
    pub(crate) filtered: bool,
    /// Whether some process has armed a timer, which is not seen.
    pub(crate) timers: bool,
    /// Counts the stops: as long as it grows, the program is not quiescent.
    pub(crate) stops: u64,
    pub(crate) stuck: Option<Stuck>,
    pub(crate) too_much: Option<String>,
    /// Everything is being killed.
    pub(crate) is_over: bool,
    events: usize,
}

/// Locks a recording. A panic of the other thread is reported by that thread.
pub(crate) fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process, with what is not told of it.
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) pid: i32,
    pub(crate) parent: Option<usize>,
    pub(crate) birth: Birth,
    pub(crate) events: Vec<Event>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) end: Option<End>,
    pub(crate) reaped: Reaped,
    pub(crate) sigchld: Disposition,
    /// It was running when the run was over.
    pub(crate) cut: bool,
    /// It may share its descriptors with another process: what they lead to is not remembered.
    pub(crate) shares_descriptors: bool,
    /// What its descriptors lead to, until one is closed or made.
    pub(crate) known: HashMap<i32, String>,
    children: usize,
}

/// A process's first thread, or another.
pub(crate) struct Task {
    pub(crate) process: usize,
    pub(crate) thread: Option<usize>,
    /// The call that it is in, if its end is wanted.
    pub(crate) call: Option<Pending>,
    /// The flags of its last clone.
    pub(crate) flags: u64,
    /// The child of the vfork that suspends it.
    pub(crate) suspended_by: Option<usize>,
    /// The signal that has stopped it.
    pub(crate) stopped_by: Option<i32>,
    /// It is stopped and not traced at the moment.
    pub(crate) is_detached: bool,
}

/// A call whose end is wanted, with what was known at its beginning.
#[derive(Debug, Clone)]
pub(crate) enum Pending {
    Exec {
        path: String,
    },
    Pipe {
        address: u64,
        flags: u64,
    },
    Dup {
        from: i32,
    },
    Wait4 {
        asked: Asked,
        status: u64,
    },
    Waitid {
        asked: Asked,
        info: u64,
        takes: Takes,
    },
    Epoll {
        epoll: i32,
        events: u64,
    },
    Timerfd {
        armed: bool,
    },
    Socket {
        call: SocketCall,
        number: i32,
    },
    /// A read or a write of one byte, for which this count stood there.
    Short {
        count: u64,
    },
    /// `event` is the place of the event, `target` the process, if it is one.
    Kill {
        event: usize,
        target: Option<i32>,
    },
}

/// What a call of waitid(2) takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The child is reaped.
    TheChild,
    /// The caller sleeps until there is news; the child stays (`WNOWAIT`).
    TheNews,
    /// A look in passing (`WNOWAIT` and `WNOHANG`): what it finds depends on when it looks.
    Nothing,
}

impl Recording {
    pub(crate) fn new(streams: Streams, probing: Option<Probing>) -> Self {
        Self {
            processes: Vec::new(),
            tasks: BTreeMap::new(),
            early: BTreeSet::new(),
            held: BTreeMap::new(),
            by_pid: HashMap::new(),
            streams,
            probing,
            small_pipes: false,
            started: false,
            filtered: false,
            timers: false,
            stops: 0,
            stuck: None,
            too_much: None,
            is_over: false,
            events: 0,
        }
    }

    /// A new process.
    pub(crate) fn add_process(&mut self, pid: i32, birth: Birth, parent: Option<usize>) -> usize {
        let index = self.processes.len();
        let (name, sigchld) = match parent.map(|parent| &mut self.processes[parent]) {
            Some(parent) => {
                parent.children += 1;
                (format!("{}.{}", parent.name, parent.children), parent.sigchld)
            }
            None => ("P1".to_owned(), Disposition::Default),
        };
        self.processes.push(Record {
            name,
            pid,
            parent,
            birth,
            events: Vec::new(),
            threads: Vec::new(),
            end: None,
            reaped: if parent.is_some() { Reaped::Never } else { Reaped::ByTracer },
            sigchld,
            cut: self.is_over,
            shares_descriptors: false,
            known: HashMap::new(),
            children: 0,
        });
        self.by_pid.insert(pid, index);
        self.add_task(pid, index, None);
        index
    }

    /// A new thread of this process; returns its name.
    pub(crate) fn add_thread(&mut self, tid: i32, process: usize) -> String {
        let record = &mut self.processes[process];
        let name = format!("{}/t{}", record.name, record.threads.len() + 1);
        record.threads.push(Thread { name: name.clone(), events: Vec::new() });
        let thread = record.threads.len() - 1;
        self.add_task(tid, process, Some(thread));
        name
    }

    fn add_task(&mut self, tid: i32, process: usize, thread: Option<usize>) {
        let task = Task {
            process,
            thread,
            call: None,
            flags: 0,
            suspended_by: None,
            stopped_by: None,
            is_detached: false,
        };
        self.tasks.insert(tid, task);
        if self.tasks.len() > MOST_TASKS {
            self.give_up_because(format!("more than {MOST_TASKS} processes and threads at a time"));
        }
    }

    /// The process of this id, or the thread's process.
    pub(crate) fn by_id(&self, id: i32) -> Option<usize> {
        self.by_pid.get(&id).copied().or_else(|| Some(self.tasks.get(&id)?.process))
    }

    /// How process `speaker` would call the one of this id.
    pub(crate) fn name_for(&self, speaker: usize, id: i32) -> Option<String> {
        let index = self.by_id(id)?;
        let name = || self.processes[index].name.clone();
        Some(if index == speaker { "itself".to_owned() } else { name() })
    }

    /// The name of a task.
    pub(crate) fn name_of(&self, task: &Task) -> &str {
        let record = &self.processes[task.process];
        task.thread.map_or(&record.name, |thread| &record.threads[thread].name)
    }

    /// The events of a task.
    pub(crate) fn events_of(&mut self, tid: i32) -> Option<&mut Vec<Event>> {
        let task = self.tasks.get(&tid)?;
        let record = &mut self.processes[task.process];
        Some(match task.thread {
            Some(thread) => &mut record.threads[thread].events,
            None => &mut record.events,
        })
    }

    /// What a task's descriptors lead to is no longer known.
    pub(crate) fn forget_descriptors(&mut self, tid: i32) {
        if let Some(task) = self.tasks.get(&tid) {
            self.processes[task.process].known.clear();
        }
    }

    /// Notes an event, unless it only says again what the last ones say.
    pub(crate) fn note(&mut self, tid: i32, event: Event) {
        if !self.started {
            return;
        }
        let Some(events) = self.events_of(tid) else { return };
        if !is_repetition(events, &event) {
            events.push(event);
            self.events += 1;
        }
        if self.events > MOST_EVENTS {
            self.give_up_because(format!("more than {MOST_EVENTS} events"));
        }
    }

    pub(crate) fn give_up_because(&mut self, reason: String) {
        self.too_much.get_or_insert(reason);
        self.kill_all();
    }

    /// Kills every process that lives. Those that are made meanwhile are killed when they stop.
    pub(crate) fn kill_all(&mut self) {
        self.is_over = true;
        for record in self.processes.iter_mut().filter(|record| record.end.is_none()) {
            record.cut = true;
            // Until the tracer has been told of its end, and that takes this recording, its id is
            // nobody else's; ESRCH is the good case.
            let _ = kill(Pid::from_raw(record.pid), Signal::SIGKILL);
        }
        for tid in &self.early {
            let _ = kill(Pid::from_raw(*tid), Signal::SIGKILL);
        }
        self.forget_detached();
    }

    /// Nobody will tell of the end of what is detached and has been killed.
    fn forget_detached(&mut self) {
        let detached: Vec<i32> =
            self.tasks.iter().filter(|(_, task)| task.is_detached).map(|(tid, _)| *tid).collect();
        for tid in detached {
            self.gone(tid, End::Signalled(libc::SIGKILL));
        }
    }

    /// A task has ended; with a process's first thread, the process.
    pub(crate) fn gone(&mut self, id: i32, end: End) {
        self.early.remove(&id);
        self.held.remove(&id);
        let Some(task) = self.tasks.get(&id) else { return };
        let (process, is_process) = (task.process, task.thread.is_none());
        if is_process {
            let record = &self.processes[process];
            let cut = record.cut && end == End::Signalled(libc::SIGKILL);
            let end = if cut { End::Cut } else { end };
            let parent = record.parent.map(|parent| &self.processes[parent]);
            let ignored = parent.is_some_and(|parent| {
                parent.end.is_none() && parent.sigchld == Disposition::Ignored
            });
            if ignored {
                self.processes[process].reaped = Reaped::Ignored;
            }
            self.note(id, Event::End(end));
            self.processes[process].end = Some(end);
        }
        self.tasks.remove(&id);
    }
}

fn is_repetition(events: &[Event], event: &Event) -> bool {
    let is_io = |event: &Event| matches!(event, Event::Read { .. } | Event::Write { .. });
    match event {
        Event::Read { .. } | Event::Write { .. } => {
            events.iter().rev().take_while(|event| is_io(event)).any(|known| known == event)
        }
        Event::CloseFailed { .. } => matches!(events.last(), Some(Event::CloseFailed { .. })),
        Event::ExecFailed { .. }
        | Event::Ready { .. }
        | Event::Wait { answer: Answer::NoChild, .. } => events.last() == Some(event),
        _ => false,
    }
}
