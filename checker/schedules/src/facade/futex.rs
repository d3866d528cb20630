//! futex(2), as `testkit::sync::std::futex`: sleep while a word has a value, and wake sleepers.
//!
//! What the kernel does in one step under the lock of its queue is done here under a mutex: compare,
//! then wait on a condition variable.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::PoisonError;

use super::super::explorer;
use super::atomic::{self, AtomicU32, Ordering};
use super::wake_up;
use crate::recorder::{self, Action, ObjectId, Place};

/// Those who sleep on one word.
struct Queue {
    sleepers: explorer::Mutex<usize>,
    woken: explorer::Condvar,
}

thread_local! {
    static QUEUES: RefCell<HashMap<ObjectId, Rc<Queue>>> = RefCell::default();
}

/// Forgets all queues: a new execution begins.
pub(crate) fn begin() {
    QUEUES.take();
}

fn queue(word: &AtomicU32) -> Rc<Queue> {
    let queue =
        || Rc::new(Queue { sleepers: explorer::Mutex::new(0), woken: explorer::Condvar::new() });
    QUEUES.with_borrow_mut(|queues| Rc::clone(queues.entry(word.id()).or_insert_with(queue)))
}

/// How many sleep there. It may be said to be poisoned: see [`super::Mutex`].
fn lock(queue: &Queue) -> explorer::MutexGuard<'_, usize> {
    queue.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps until a wake, if `word` holds `expected` at the call; may return without a wake.
#[track_caller]
pub fn wait(word: &AtomicU32, expected: u32) {
    let (me, place, id) = (explorer::me(), Location::caller(), word.id());
    recorder::intends(me, place, Action::Operation("futex_wait"), Some(id));
    if explorer::wakes_spuriously() {
        recorder::step(me, place, format!("futex_wait {id}: wakes for no reason"));
        return;
    }
    let queue = queue(word);
    let mut sleepers = lock(&queue);
    let found = word.inner().load(Ordering::Relaxed);
    if found != expected {
        // Before others run, who may change the word.
        let text = format!("futex_wait {id}: is {found}, not {expected}: goes on");
        let repeats = recorder::step(me, place, text);
        drop(sleepers);
        if repeats {
            atomic::spins(me, place);
        }
        return;
    }
    recorder::step(me, place, format!("futex_wait {id}, {expected}: sleeps"));
    wake_up::wait(me, place, Some(id), None, format!("futex_wait {id}"));
    *sleepers += 1;
    explorer::keep_running();
    drop(queue.woken.wait(sleepers));
    recorder::goes_on(me);
    recorder::step(me, place, "woken".to_owned());
}

/// Wakes one thread that sleeps on `word`; returns whether there was one.
#[track_caller]
pub fn wake_one(word: &AtomicU32) -> bool {
    let woken = wake("futex_wake_one", word, 1, Location::caller());
    woken > 0
}

/// Wakes every thread that sleeps on `word`; returns how many.
#[track_caller]
pub fn wake_all(word: &AtomicU32) -> usize {
    wake("futex_wake_all", word, usize::MAX, Location::caller())
}

fn wake(name: &'static str, word: &AtomicU32, most: usize, place: Place) -> usize {
    let me = explorer::me();
    recorder::intends(me, place, Action::Operation(name), Some(word.id()));
    let woken = wake_sleepers(word, most);
    let text = match woken {
        0 => format!("{name} {}: nobody sleeps", word.id()),
        woken => format!("{name} {}: wakes {woken}", word.id()),
    };
    recorder::step(me, place, text);
    woken
}

fn wake_sleepers(word: &AtomicU32, most: usize) -> usize {
    let queue = queue(word);
    let mut sleepers = lock(&queue);
    let woken = most.min(*sleepers);
    *sleepers -= woken;
    recorder::wake_up(word.id(), woken);
    for _ in 0..woken {
        queue.woken.notify_one();
    }
    woken
}
