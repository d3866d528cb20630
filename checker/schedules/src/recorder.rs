//! What the threads of one execution did, in order, and what each of them waits for.
//!
//! Both explorers run all threads of a scenario on one thread of the system, one at a time, so the
//! record is a thread-local and needs no lock.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::Location;

/// Where something in the code is.
pub type Place = &'static Location<'static>;

/// One thing that a thread did.
#[derive(Debug, Clone)]
pub struct Step {
    /// The thread, by its index.
    pub thread: usize,
    /// The line that did it.
    pub place: Place,
    /// What it did; objects stand in it by their [`ObjectId`].
    pub text: String,
}

/// What a thread is about to do, told before others may run.
#[derive(Debug, Clone, Copy)]
pub struct Intent {
    /// The line that does it.
    pub place: Place,
    pub action: Action,
    pub object: Option<ObjectId>,
}

/// What can be about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An operation that others can see, by its name.
    Operation(&'static str),
    /// Others cannot tell when it is done: a thread is started, or one that has ended is joined.
    Unseen(&'static str),
    /// Looks again and again whether a thread sleeps or has ended.
    Settle(usize),
}

/// What a thread is asked to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A lock that another thread holds.
    Lock(ObjectId),
    /// A wake-up.
    WakeUp {
        /// Of a condition variable or a futex; without one, of a parked thread.
        of: Option<ObjectId>,
        /// The lock that a woken thread takes before it goes on.
        then: Option<ObjectId>,
    },
    /// The end of another thread.
    End(usize),
}

/// A wait that has begun and not ended.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The line that waits.
    pub place: Place,
    pub wait: Wait,
    /// The same, in words.
    pub text: String,
}

/// A lock, a condition variable or an atomic, by the order of first use.
///
/// Displays as a mark that [`crate::source::with_names`] replaces with the object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectId(pub usize);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OBJECT_BEGINS}{}{OBJECT_ENDS}", self.0)
    }
}

/// Around the number of an object in a step's text.
pub const OBJECT_BEGINS: char = '\u{2}';
/// Around the number of an object in a step's text.
pub const OBJECT_ENDS: char = '\u{3}';

/// What kind of thing an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mutex,
    Condvar,
    Atomic,
    /// A cell that one thread at a time may use.
    Cell,
}

/// An object that the scenario has created.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    pub kind: Kind,
    pub created_at: Place,
    /// Which thread holds it, if it is a lock.
    pub holder: Option<usize>,
}

/// The record of one execution.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The threads' names; the first is the scenario's own thread.
    pub threads: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What each thread waits for now.
    pub waiting: HashMap<usize, Waiting>,
    /// What each thread that has said so is about to do.
    pub intents: HashMap<usize, Intent>,
    /// The objects, by their ids.
    pub objects: Vec<Object>,
    /// How many wake-ups of an object were given and have not reached a thread yet.
    under_way: HashMap<ObjectId, usize>,
    /// The threads that have returned.
    pub ended: HashSet<usize>,
    /// The threads that a panic unwinds.
    unwinding: HashSet<usize>,
    /// The threads that are in a call which never waits for a wake-up, with the call's name.
    wide_awake: HashMap<usize, &'static str>,
    addresses: HashMap<usize, ObjectId>,
}

impl Record {
    /// How often another thread went on.
    pub fn switches(&self) -> usize {
        self.steps.windows(2).filter(|pair| pair[0].thread != pair[1].thread).count()
    }

    /// Whether somebody has to wake this thread, and nobody has; or whoever holds the lock that it waits
    /// for, as when sleepers stand in line.
    ///
    /// A wake-up for one of two sleepers is under way until one of them runs: both may be awake.
    pub fn sleeps(&self, thread: usize) -> bool {
        let mut line = vec![thread];
        while let Some(waiting) = self.waiting.get(&line[line.len() - 1]) {
            match waiting.wait {
                Wait::WakeUp { of, .. } => return of.is_none_or(|object| !self.is_waking(object)),
                Wait::End(_) => return false,
                Wait::Lock(lock) => match self.objects[lock.0].holder {
                    // A circle: nobody in it goes on.
                    Some(holder) if line.contains(&holder) => return true,
                    Some(holder) => line.push(holder),
                    None => return false,
                },
            }
        }
        false
    }

    fn is_waking(&self, object: ObjectId) -> bool {
        self.under_way.get(&object).is_some_and(|&count| count > 0)
    }

    /// How many threads wait for a wake-up of this object that nobody has given.
    fn sleepers(&self, object: ObjectId) -> usize {
        let waits = |waiting: &&Waiting| matches!(waiting.wait, Wait::WakeUp { of, .. } if of == Some(object));
        let waiting = self.waiting.values().filter(waits).count();
        waiting.saturating_sub(self.under_way.get(&object).copied().unwrap_or(0))
    }

    /// A thread waits no longer; returns what it waited for.
    fn ends_wait(&mut self, thread: usize) -> Option<Waiting> {
        let waiting = self.waiting.remove(&thread)?;
        if let Wait::WakeUp { of: Some(object), .. } = waiting.wait
            && let Some(count) = self.under_way.get_mut(&object)
        {
            *count = count.saturating_sub(1);
        }
        Some(waiting)
    }
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
    /// The execution has failed: what its threads do while they are unwound is no part of it.
    static FROZEN: Cell<bool> = const { Cell::new(false) };
}

/// Nothing more is recorded in this execution.
pub fn freeze() {
    FROZEN.set(true);
}

/// Changes the record, unless it is frozen.
fn change(change: impl FnOnce(&mut Record)) {
    if !FROZEN.get() {
        RECORD.with_borrow_mut(change);
    }
}

/// Forgets what was recorded: a new execution begins, whose own thread is named `main`.
pub fn begin() {
    FROZEN.set(false);
    RECORD.set(Record { threads: vec!["main".to_owned()], ..Record::default() });
}

/// The record of the execution that has just ended or failed.
pub fn take() -> Record {
    RECORD.take()
}

/// Gives the next thread its name; returns its index.
pub fn new_thread(name: &str) -> usize {
    RECORD.with_borrow_mut(|record| {
        record.threads.push(name.to_owned());
        record.threads.len() - 1
    })
}

/// The object at this address, which is new if it was never used.
pub fn object<T: ?Sized>(kind: Kind, at: &T, created_at: Place) -> ObjectId {
    let address = std::ptr::from_ref(at).cast::<()>().addr();
    RECORD.with_borrow_mut(|record| {
        *record.addresses.entry(address).or_insert_with(|| {
            record.objects.push(Object { kind, created_at, holder: None });
            ObjectId(record.objects.len() - 1)
        })
    })
}

/// A thread is about to do something, and others may run before it does.
pub fn intends(thread: usize, place: Place, action: Action, object: Option<ObjectId>) {
    change(|record| {
        record.intents.insert(thread, Intent { place, action, object });
    });
}

/// A thread has done what it intended, and that is no step.
pub fn has_done(thread: usize) {
    change(|record| {
        record.intents.remove(&thread);
    });
}

/// Looks at the record of the execution that runs.
pub fn look<T>(at: impl FnOnce(&Record) -> T) -> T {
    RECORD.with_borrow(at)
}

/// Records a step; returns whether the thread has just done the same, with the same result.
pub fn step(thread: usize, place: Place, text: String) -> bool {
    /// A loop that spins has this many steps at most.
    const ROUND: usize = 4;
    if FROZEN.get() {
        return false;
    }
    RECORD.with_borrow_mut(|record| {
        let own = record.steps.iter().rev().filter(|step| step.thread == thread).take(ROUND);
        let repeats = own.into_iter().any(|step| step.place == place && step.text == text);
        record.steps.push(Step { thread, place, text });
        record.intents.remove(&thread);
        repeats
    })
}

/// A thread begins to wait, or may have to.
pub fn waits(thread: usize, place: Place, wait: Wait, text: String) {
    change(|record| drop(record.waiting.insert(thread, Waiting { place, wait, text })));
}

/// The call that a thread is in, if it is one that never waits for a wake-up.
pub fn call_that_never_waits(thread: usize) -> Option<&'static str> {
    RECORD.with_borrow(|record| record.wide_awake.get(&thread).copied())
}

/// A thread begins a call that never waits for a wake-up.
pub fn wide_awake(thread: usize, call: &'static str) {
    change(|record| {
        record.wide_awake.insert(thread, call);
    });
}

/// That call has returned.
pub fn may_sleep(thread: usize) {
    change(|record| {
        record.wide_awake.remove(&thread);
    });
}

/// A thread goes on.
pub fn goes_on(thread: usize) {
    change(|record| drop(record.ends_wait(thread)));
}

/// A thread that waited for a wake-up runs: it goes on, or waits for the lock that it takes first.
pub fn wakes(thread: usize) {
    change(|record| {
        let waits_for_it = |waiting: &Waiting| matches!(waiting.wait, Wait::WakeUp { .. });
        if !record.waiting.get(&thread).is_some_and(waits_for_it) {
            return;
        }
        let waiting = record.ends_wait(thread);
        if let Some(Waiting { place, wait: Wait::WakeUp { then: Some(lock), .. }, .. }) = waiting {
            let waiting = Waiting { place, wait: Wait::Lock(lock), text: format!("lock {lock}") };
            record.waiting.insert(thread, waiting);
            let action = Action::Operation("lock");
            record.intents.insert(thread, Intent { place, action, object: Some(lock) });
        }
    });
}

/// A thread goes on if it is parked.
pub fn unparked(thread: usize) {
    change(|record| {
        let parked = |waiting: &Waiting| matches!(waiting.wait, Wait::WakeUp { of: None, .. });
        if record.waiting.get(&thread).is_some_and(parked) {
            record.ends_wait(thread);
        }
    });
}

/// Gives a wake-up of this object to so many of its sleepers; returns how many there were to have it.
pub fn wake_up(object: ObjectId, most: usize) -> usize {
    let mut woken = 0;
    change(|record| {
        woken = most.min(record.sleepers(object));
        *record.under_way.entry(object).or_default() += woken;
    });
    woken
}

/// A thread has returned.
pub fn ends(thread: usize) {
    RECORD.with_borrow_mut(|record| record.ended.insert(thread));
}

/// Whether a thread has returned.
pub fn has_ended(thread: usize) -> bool {
    RECORD.with_borrow(|record| record.ended.contains(&thread))
}

/// A panic begins to unwind a thread.
pub fn unwinds(thread: usize) {
    change(|record| {
        record.unwinding.insert(thread);
    });
}

/// A thread's panic was caught.
pub fn caught(thread: usize) {
    change(|record| {
        record.unwinding.remove(&thread);
    });
}

/// Whether a panic unwinds a thread.
pub fn is_unwinding(thread: usize) -> bool {
    RECORD.with_borrow(|record| record.unwinding.contains(&thread))
}

/// A lock changes hands.
pub fn held_by(lock: ObjectId, holder: Option<usize>) {
    change(|record| record.objects[lock.0].holder = holder);
}

/// Whether a thread waits for a wake-up.
pub fn sleeps(thread: usize) -> bool {
    RECORD.with_borrow(|record| record.sleeps(thread))
}
