//! Whether the program is quiescent, and what its tasks wait for.
//!
//! Quiescent means: all its tasks sleep, and so does the tracer, in its wait. One look at them after
//! the other does not show that. Two rounds of looks do, if no task has run in between: then there
//! was a moment, between the rounds, at which all slept. Whoever wakes a task makes it runnable
//! before it sleeps itself, so at such a moment nothing is on its way.

use crate::recording::{Recording, Task};
use crate::stuck::{Stuck, Waiting};
use crate::task_state::TaskState;
use crate::timeline::order;
use crate::waits::{open_pipes, waits};

/// What the tasks of a program were seen doing.
pub(crate) struct Survey {
    pub(crate) stuck: Stuck,
    /// Whether all of them sleep.
    pub(crate) is_quiescent: bool,
}

/// Looks whether the program is quiescent; `tracer` is the thread that traces it.
pub(crate) fn survey_if_quiescent(recording: &Recording, tracer: i32) -> Option<Survey> {
    let first = all_asleep(recording, tracer)?;
    let second = all_asleep(recording, tracer)?;
    (first == second).then(|| survey(recording)).filter(|survey| survey.is_quiescent)
}

/// The state of each task, the tracer among them, if all sleep.
fn all_asleep(recording: &Recording, tracer: i32) -> Option<Vec<TaskState>> {
    if !recording.held.is_empty() {
        return None;
    }
    let own = TaskState::read(std::process::id() as i32, tracer)?;
    if own.state != 'S' || !own.is_in(libc::SYS_wait4) {
        return None;
    }
    let mut states = states_of_tasks(recording)?;
    states.push(own);
    Some(states)
}

/// The state of each task that is not held, if all sleep.
pub(crate) fn states_of_tasks(recording: &Recording) -> Option<Vec<TaskState>> {
    let mut states = Vec::new();
    for (tid, task) in recording.tasks.iter().filter(|(tid, _)| !recording.held.contains_key(tid)) {
        let state = TaskState::read(recording.processes[task.process].pid, *tid)?;
        if !is_asleep(task, &state) {
            return None;
        }
        states.push(state);
    }
    Some(states)
}

fn is_asleep(task: &Task, state: &TaskState) -> bool {
    match state.state {
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
    let (mut is_quiescent, mut for_ever) = (true, !recording.timers);
    let mut waiting = Vec::new();
    for (tid, task) in &recording.tasks {
        let record = &recording.processes[task.process];
        let Some(state) = TaskState::read(record.pid, *tid) else { continue };
        is_quiescent &= is_asleep(task, &state);
        if state.state == 'Z' {
            continue;
        }
        let (waits, only_by_a_task) = waits(recording, *tid, task, &state, &open);
        for_ever &= only_by_a_task;
        waiting.push(Waiting { task: recording.name_of(task).to_owned(), waits });
    }
    waiting.sort_by_key(|waiting| order(&waiting.task));
    for_ever &= is_quiescent;
    Survey { stuck: Stuck { for_ever, waiting }, is_quiescent }
}
