//! The life of the tracees: what each stop means, and how they go on.

use std::sync::Mutex;

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::event::{Birth, End, Event};
use crate::fork_exec::Child;
use crate::probing::Begun;
use crate::recording::{Pending, Recording, lock};
use crate::stops::{Resume, Stop, SyscallStop, resume, seize, sender, syscall_stop, wait};
use crate::{Error, signals, syscall_entry, syscall_exit};

/// `PTRACE_EVENT_STOP`: a new tracee, or a stop by a signal.
const STOP: i32 = libc::PTRACE_EVENT_STOP;

/// Traces a child that waits, and all that it starts, to the end of the last of them.
pub(crate) fn trace(child: &Child, recording: &Mutex<Recording>) -> Result<(), Error> {
    if let Err(error) = begin(child) {
        // It is no tracee yet, or none any more: an ordinary child that is to be killed and reaped.
        let _ = kill(child.pid, Signal::SIGKILL);
        while wait()?.is_some() {}
        return Err(error);
    }
    lock(recording).add_process(child.pid.as_raw(), Birth::Start, None);
    child.go()?;
    let mut failure = None;
    while let Some((tid, stop)) = next(recording)? {
        let mut recording = lock(recording);
        recording.stops += 1;
        match recording.record(tid, stop) {
            // ESRCH: it was killed while it was stopped; its end will be told.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(errno) => {
                failure.get_or_insert(errno);
                recording.kill_all();
            }
        }
    }
    // What is detached has no tracer to tell of its end.
    lock(recording).kill_all();
    failure.map_or(Ok(()), |errno| Err(errno.into()))
}

/// The next stop. While a sender of a signal is held, this looks for the moment to let it go.
fn next(recording: &Mutex<Recording>) -> Result<Option<(Pid, Stop)>, Errno> {
    if lock(recording).held.is_empty() { wait() } else { signals::next(recording) }
}

/// Seizes the child, stops it, and lets it go on from call to call.
fn begin(child: &Child) -> Result<(), Error> {
    seize(child.pid).map_err(|errno| Error::Unsupported(errno.into()))?;
    ptrace::interrupt(child.pid)?;
    match wait()? {
        Some((_, Stop::Event(STOP, _))) => Ok(resume(child.pid, Resume::ToSyscall, 0)?),
        other => Err(std::io::Error::other(format!("no first stop, but {other:?}")).into()),
    }
}

impl Recording {
    fn record(&mut self, tid: Pid, stop: Stop) -> Result<(), Errno> {
        let id = tid.as_raw();
        match stop {
            Stop::Exited(code) => self.ended(id, End::Exited(code)),
            Stop::Killed(signal) => self.ended(id, End::Signalled(signal)),
            // Its maker's stop, which tells who it is, comes later.
            Stop::Event(STOP, _) if !self.tasks.contains_key(&id) => {
                self.early.insert(id);
                if self.is_over {
                    kill(tid, Signal::SIGKILL)?;
                }
            }
            Stop::Event(STOP, signal) => return self.stopped(tid, signal),
            Stop::Event(libc::PTRACE_EVENT_FORK, _) => self.born(tid, Birth::Fork)?,
            Stop::Event(libc::PTRACE_EVENT_VFORK, _) => self.born(tid, Birth::Vfork)?,
            Stop::Event(libc::PTRACE_EVENT_CLONE, _) => self.born(tid, Birth::Clone)?,
            Stop::Event(libc::PTRACE_EVENT_EXEC, _) => {
                let former = ptrace::getevent(tid)? as i32;
                syscall_exit::record_exec(self, id, former);
            }
            Stop::Event(libc::PTRACE_EVENT_SECCOMP, _) => {
                self.filtered = true;
                if let SyscallStop::Seccomp { number, args } = syscall_stop(tid)? {
                    self.begins(tid, number, &args)?;
                }
            }
            Stop::Event(libc::PTRACE_EVENT_VFORK_DONE, _) => {
                if let Some(task) = self.tasks.get_mut(&id) {
                    task.suspended_by = None;
                }
            }
            Stop::Event(..) => {}
            Stop::Syscall => match syscall_stop(tid)? {
                SyscallStop::Entry { number, args } => self.begins(tid, number, &args)?,
                SyscallStop::Exit { result } => syscall_exit::record(self, id, result),
                _ => {}
            },
            Stop::Signal(signal) => {
                self.signal(tid, signal);
                return self.go_on(tid, signal);
            }
        }
        match stop {
            Stop::Exited(_) | Stop::Killed(_) => Ok(()),
            Stop::Event(STOP, _) => Ok(()),
            _ => self.go_on(tid, 0),
        }
    }

    /// A call begins: it is noted, unless it is disturbed and never made.
    fn begins(&mut self, tid: Pid, number: u64, args: &[u64; 6]) -> Result<(), Errno> {
        let id = tid.as_raw();
        if let (Some(probing), Some(task)) = (&mut self.probing, self.tasks.get_mut(&id)) {
            let process = (task.process, self.processes[task.process].name.as_str());
            let begun = if self.started {
                probing.begins(tid, process, number, args)?
            } else {
                Begun::AsItIs
            };
            match begun {
                Begun::AsItIs => {}
                Begun::Skipped => {
                    task.call = None;
                    return Ok(());
                }
                Begun::Shortened { count } => {
                    syscall_entry::record(self, id, number, args);
                    let task = self.tasks.get_mut(&id);
                    task.expect("it has just begun a call").call = Some(Pending::Short { count });
                    return Ok(());
                }
            }
        }
        syscall_entry::record(self, id, number, args);
        Ok(())
    }

    /// A new tracee's first stop, or a stop by a signal, or its end.
    fn stopped(&mut self, tid: Pid, signal: i32) -> Result<(), Errno> {
        let stops = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&signal);
        let Some(task) = self.tasks.get_mut(&tid.as_raw()).filter(|_| stops && !self.is_over)
        else {
            return self.started_or_continued(tid);
        };
        let is_known = task.stopped_by.replace(signal).is_some();
        if is_known {
            // Attached again, because a signal for it is under way.
            return resume(tid, Resume::Listen, 0);
        }
        // Everybody is to see that it is stopped: in `/proc` a stopped tracee looks like one that is
        // stopped for its tracer. The stop outlasts the detaching (ptrace(2)).
        task.is_detached = true;
        ptrace::detach(tid, None)
    }

    fn started_or_continued(&mut self, tid: Pid) -> Result<(), Errno> {
        if let Some(task) = self.tasks.get_mut(&tid.as_raw()) {
            task.stopped_by = None;
        }
        self.go_on(tid, 0)
    }

    fn born(&mut self, maker: Pid, birth: Birth) -> Result<(), Errno> {
        let child = ptrace::getevent(maker)? as i32;
        let maker = maker.as_raw();
        let Some(task) = self.tasks.get(&maker) else { return Ok(()) };
        let (process, flags) = (task.process, task.flags as i32);
        if birth == Birth::Clone && flags & libc::CLONE_THREAD != 0 {
            let thread = self.add_thread(child, process);
            self.note(maker, Event::Thread { thread });
        } else {
            let index = self.add_process(child, birth, Some(process));
            if flags & libc::CLONE_FILES != 0 {
                self.processes[process].shares_descriptors = true;
                self.processes[index].shares_descriptors = true;
            }
            if let Some(probing) = &mut self.probing {
                probing.born(process, index);
            }
            let name = self.processes[index].name.clone();
            self.note(maker, Event::Birth { by: birth, child: name });
            if birth == Birth::Vfork
                && let Some(task) = self.tasks.get_mut(&maker)
            {
                task.suspended_by = Some(index);
            }
        }
        if let Some(task) = self.tasks.get_mut(&maker) {
            task.flags = 0;
        }
        if self.early.remove(&child) {
            // ESRCH: it has been killed since.
            let _ = self.go_on(Pid::from_raw(child), 0);
        }
        Ok(())
    }

    fn ended(&mut self, id: i32, end: End) {
        let process = self.tasks.get(&id).map(|task| task.process);
        self.gone(id, end);
        // If a maker was killed in the middle of its fork, its own stop never tells of the child.
        let Some(process) = process else { return };
        let is_orphan = |tid: &i32| {
            procfs::process_stat(*tid).is_some_and(|stat| !self.tasks.contains_key(&stat.parent))
        };
        let orphans: Vec<i32> = self.early.iter().copied().filter(is_orphan).collect();
        for orphan in orphans {
            self.early.remove(&orphan);
            self.add_process(orphan, Birth::Fork, Some(process));
            // ESRCH: it has been killed since.
            let _ = self.go_on(Pid::from_raw(orphan), 0);
        }
    }

    fn signal(&mut self, tid: Pid, signal: i32) {
        if signal == libc::SIGCHLD {
            return;
        }
        let Some(task) = self.tasks.get(&tid.as_raw()) else { return };
        let speaker = task.process;
        let nobody = || "nobody known".to_owned();
        let from = sender(tid).map(|pid| self.name_for(speaker, pid).unwrap_or_else(nobody));
        self.note(tid.as_raw(), Event::Signal { signal, from });
    }
}
