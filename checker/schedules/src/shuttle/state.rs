//! The running execution, as its threads and the driver know it. All of them run on one thread of the system.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

#[derive(Default)]
struct State {
    /// How many threads of the scenario have not returned.
    live: Cell<usize>,
    panicked: Cell<bool>,
    keep_running: Cell<bool>,
    idle_task_ends: Cell<bool>,
    /// Which thread of the scenario each task of shuttle is.
    threads: RefCell<HashMap<usize, usize>>,
}

thread_local! {
    static STATE: State = State::default();
}

/// A new execution begins, with one thread.
pub fn begin() {
    STATE.with(|state| {
        state.live.set(1);
        state.panicked.set(false);
        state.keep_running.set(false);
        state.idle_task_ends.set(false);
        state.threads.take();
    });
}

/// A thread of the scenario is about to start.
pub fn thread_begins() {
    STATE.with(|state| state.live.set(state.live.get() + 1));
}

/// A thread of the scenario has returned.
pub fn thread_ends() {
    STATE.with(|state| state.live.set(state.live.get() - 1));
}

/// Whether a thread of the scenario has not returned.
pub fn some_thread_lives() -> bool {
    STATE.with(|state| state.live.get() > 0)
}

/// A thread of the scenario has panicked, and its stack is unwound.
pub fn panicked() {
    STATE.with(|state| state.panicked.set(true));
}

/// Whether a thread of the scenario has panicked.
pub fn has_panicked() -> bool {
    STATE.with(|state| state.panicked.get())
}

/// The next time that shuttle asks who goes on, it is the running thread.
pub fn keep_running() {
    STATE.with(|state| state.keep_running.set(true));
}

/// Whether the running thread goes on this time.
pub fn take_keep_running() -> bool {
    STATE.with(|state| state.keep_running.take())
}

/// The idle task is to return.
pub fn end_idle_task() {
    STATE.with(|state| state.idle_task_ends.set(true));
}

/// Whether the idle task is to return.
pub fn idle_task_ends() -> bool {
    STATE.with(|state| state.idle_task_ends.get())
}

/// A task of shuttle is this thread of the scenario.
pub fn name_task(task: usize, thread: usize) {
    STATE.with(|state| state.threads.borrow_mut().insert(task, thread));
}

/// Whether a task of shuttle has begun to be a thread of the scenario.
pub fn has_begun(task: usize) -> bool {
    STATE.with(|state| task == 0 || state.threads.borrow().contains_key(&task))
}

/// The thread of the scenario that a task of shuttle is.
pub fn thread_of(task: usize) -> usize {
    STATE.with(|state| state.threads.borrow().get(&task).copied().unwrap_or(0))
}
