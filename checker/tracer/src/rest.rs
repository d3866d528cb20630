//! Whether the program is at rest, and what its tasks wait for.
//!
//! At rest means: all its tasks sleep, and so does the tracer, in its wait. One look at them after
//! the other does not show that. Two rounds of looks do, if no task has run in between: then there
//! was a moment, between the rounds, at which all slept. Whoever wakes a task makes it runnable
//! before it sleeps itself, so at such a moment nothing is on its way.

use crate::look::Look;
use crate::recording::{Recording, Task};
use crate::stuck::{Stuck, Waiting};
use crate::timeline::order;
use crate::waits::{open_pipes, waits};

/// What the tasks of a program were seen doing.
pub(crate) struct Survey {
    pub(crate) stuck: Stuck,
    /// Whether all of them sleep.
    pub(crate) at_rest: bool,
}

/// Looks whether the program is at rest; `tracer` is the thread that traces it.
pub(crate) fn survey_if_at_rest(recording: &Recording, tracer: i32) -> Option<Survey> {
    let first = looks(recording, tracer)?;
    let second = looks(recording, tracer)?;
    (first == second).then(|| survey(recording)).filter(|survey| survey.at_rest)
}

/// A look at each task, the tracer among them, if all sleep.
fn looks(recording: &Recording, tracer: i32) -> Option<Vec<Look>> {
    if !recording.held.is_empty() {
        return None;
    }
    let own = Look::at(std::process::id() as i32, tracer)?;
    if own.state != 'S' || !own.is_in(libc::SYS_wait4) {
        return None;
    }
    let mut looks = looks_at_tasks(recording)?;
    looks.push(own);
    Some(looks)
}

/// A look at each task that is not held, if all sleep.
pub(crate) fn looks_at_tasks(recording: &Recording) -> Option<Vec<Look>> {
    let mut looks = Vec::new();
    for (tid, task) in recording.tasks.iter().filter(|(tid, _)| !recording.held.contains_key(tid)) {
        let look = Look::at(recording.processes[task.process].pid, *tid)?;
        if !is_asleep(task, &look) {
            return None;
        }
        looks.push(look);
    }
    Some(looks)
}

fn is_asleep(task: &Task, look: &Look) -> bool {
    match look.state {
        'S' => true,
        // The kernel counts a parent's wait for its vfork child as uninterruptible.
        'D' => task.suspended_by.is_some(),
        'T' | 't' => task.stopped_by.is_some(),
        // The first thread of a process has ended, others have not.
        'Z' => true,
        _ => false,
    }
}

/// What each task does now.
pub(crate) fn survey(recording: &Recording) -> Survey {
    let open = open_pipes(recording);
    let (mut at_rest, mut for_ever) = (true, !recording.timers);
    let mut waiting = Vec::new();
    for (tid, task) in &recording.tasks {
        let record = &recording.processes[task.process];
        let Some(look) = Look::at(record.pid, *tid) else { continue };
        at_rest &= is_asleep(task, &look);
        if look.state == 'Z' {
            continue;
        }
        let (waits, only_by_a_task) = waits(recording, *tid, task, &look, &open);
        for_ever &= only_by_a_task;
        waiting.push(Waiting { task: recording.name_of(task).to_owned(), waits });
    }
    waiting.sort_by_key(|waiting| order(&waiting.task));
    for_ever &= at_rest;
    Survey { stuck: Stuck { for_ever, waiting }, at_rest }
}
