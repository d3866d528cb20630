//! When a signal from one process to another is let through.
//!
//! It would come at any moment of the other's life, and every run would tell another one. So its
//! sender is held before the call until all other tasks sleep, and then let go. Nothing is concluded
//! from time: a task that does not come to rest only costs determinism, so it is not waited for
//! longer than [`PATIENCE`].

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::recording::{Pending, Recording, lock};
use crate::stops::{Resume, Stop, resume, seize, wait, wait_no_hang};
use crate::survey::states_of_tasks;
use crate::timeline::order;

/// How long a sender is held at most while another task runs and runs.
const PATIENCE: Duration = Duration::from_millis(500);

/// The next stop of a program of which some tasks are held: they are let go meanwhile, one by one.
pub(crate) fn next(recording: &Mutex<Recording>) -> Result<Option<(Pid, Stop)>, Errno> {
    loop {
        if let Some(event) = wait_no_hang()? {
            return Ok(Some(event));
        }
        let mut recording = lock(recording);
        // Nothing has happened before the looks, nothing has run since: all others are quiescent.
        let first = states_of_tasks(&recording);
        let is_quiescent = first.is_some() && first == states_of_tasks(&recording);
        if is_quiescent || recording.is_over || recording.has_held_for_long() {
            if let Some(event) = wait_no_hang()? {
                return Ok(Some(event));
            }
            recording.let_one_go()?;
            drop(recording);
            return wait();
        }
        drop(recording);
        thread::sleep(Duration::from_micros(200));
    }
}

impl Recording {
    /// Lets a tracee go on to the next stop that is wanted, unless it is held.
    pub(crate) fn go_on(&self, tid: Pid, signal: i32) -> Result<(), Errno> {
        if self.held.contains_key(&tid.as_raw()) && !self.is_over {
            return Ok(());
        }
        if self.is_over {
            // Born since everything was killed; ESRCH is the good case.
            let _ = kill(tid, Signal::SIGKILL);
        }
        let waits_for_end = self.tasks.get(&tid.as_raw()).is_some_and(|task| task.call.is_some());
        let every_call = !self.filtered || !self.started;
        let how = if waits_for_end || every_call { Resume::ToSyscall } else { Resume::Freely };
        resume(tid, how, signal)
    }

    fn has_held_for_long(&self) -> bool {
        self.held.values().any(|since| since.elapsed() > PATIENCE)
    }

    /// Lets the first of the held tasks go, in the order of their names.
    fn let_one_go(&mut self) -> Result<(), Errno> {
        let name = |tid: &&i32| self.tasks.get(tid).map(|task| order(self.name_of(task)));
        let Some(&first) = self.held.keys().min_by_key(name) else { return Ok(()) };
        self.held.remove(&first);
        if let Some(Pending::Kill { target, .. }) = self.tasks[&first].call {
            self.reattach(target);
        }
        match self.go_on(Pid::from_raw(first), 0) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Traces again what was detached while it is stopped: a signal is about to be sent to this
    /// process, or to any if none is named.
    fn reattach(&mut self, target: Option<i32>) {
        let target = target.map(|pid| self.by_id(pid));
        for (tid, task) in &mut self.tasks {
            let is_meant = target.is_none_or(|process| process == Some(task.process));
            if task.is_detached && is_meant {
                // ESRCH: something else has killed it.
                task.is_detached = seize(Pid::from_raw(*tid)).is_err();
            }
        }
    }
}
