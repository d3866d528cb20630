//! Tasks stand in a table whose places are used again; `run` takes all that is queued at once.
//!
//! What is different: a place that is free is given to the next task, so a waker has the place *and* how often it has
//! been given out: a late wake is told from one of the new owner. Wakes go into an inbox, which is emptied in one
//! step. Why it is right: the order of the inbox is the order of the turns, and what is woken while a batch is
//! polled comes into the next one, as it would with one queue.

use std::any::Any;
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{Condvar, Mutex};

/// Polls `future` until it is ready: at once, then if it was woken since its last poll began; else sleeps.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        bell.wait();
    }
}

/// The waker of [`block_on`]: a flag that stays up until the sleeper has seen it.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    /// Sleeps until there was a wake since the last call; several are one.
    fn wait(&self) {
        let rung = self.rung.lock().unwrap();
        let mut rung = self.ringing.wait_while(rung, |rung| !*rung).unwrap();
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.ringing.notify_one();
    }
}

/// Gives up a turn: its first poll wakes its task and is `Pending`, its second is `Ready`.
#[derive(Debug, Default)]
pub struct YieldNow {
    has_yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Two futures as one: a poll polls each of them that was not ready yet, the first one first.
///
/// This is what an `async` block is, too: an enum for each place at which it can stand, and a `poll` that
/// goes on from there. The compiler writes it; here it is written by hand.
pub struct Join2<A: Future, B: Future>(Side<A>, Side<B>);

/// One of the two.
enum Side<F: Future> {
    Running(Pin<Box<F>>),
    Ready(F::Output),
    /// The output has been handed out.
    Taken,
}

impl<A: Future, B: Future> Unpin for Join2<A, B> {} // Boxed, they stay where they are when this moves.

impl<A: Future, B: Future> Join2<A, B> {
    /// Polls neither yet.
    pub fn new(first: A, second: B) -> Self {
        Self(Side::Running(Box::pin(first)), Side::Running(Box::pin(second)))
    }
}

impl<A: Future, B: Future> Future for Join2<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(first, second) = &mut *self;
        // Both, whatever the first says: a future that is not polled leaves no waker.
        first.poll(context);
        second.poll(context);
        match (first.take(), second.take()) {
            (Side::Ready(one), Side::Ready(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (*first, *second) = (one, other);
                Poll::Pending
            }
        }
    }
}

impl<F: Future> Side<F> {
    /// Polls the future, unless it was ready already.
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Self::Running(future) = self
            && let Poll::Ready(output) = future.as_mut().poll(context)
        {
            *self = Self::Ready(output);
        }
    }

    fn take(&mut self) -> Self {
        mem::replace(self, Self::Taken)
    }
}

/// Owns the tasks, futures that are not finished; `Send` and `Sync`. Its drop drops them, on this thread.
#[derive(Default)]
pub struct Executor {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    came: Condvar,
}

#[derive(Default)]
struct Table {
    places: Vec<Place>,
    free: Vec<usize>,
    inbox: VecDeque<Key>,
    unfinished: usize,
}

/// A place and its how-manieth owner.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    index: usize,
    owner: u64,
}

#[derive(Default)]
struct Place {
    owner: u64,
    is_woken: bool,
    work: Option<Work>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Table {
    fn insert(&mut self, work: Work) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        let place = &mut self.places[index];
        place.work = Some(work);
        place.is_woken = false;
        self.unfinished += 1;
        Key { index, owner: place.owner }
    }

    fn remove(&mut self, key: Key) {
        self.places[key.index].owner += 1;
        self.free.push(key.index);
        self.unfinished -= 1;
    }

    /// Whether this was news.
    fn note_wake(&mut self, key: Key) -> bool {
        let place = self.places.get_mut(key.index).filter(|place| place.owner == key.owner);
        let is_news = place.is_some_and(|place| !mem::replace(&mut place.is_woken, true));
        if is_news {
            self.inbox.push_back(key);
        }
        is_news
    }
}

struct TaskWaker {
    key: Key,
    shared: Arc<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if self.shared.table.lock().unwrap().note_wake(self.key) {
            self.shared.came.notify_all();
        }
    }
}

impl Executor {
    /// Queues a new task, without a poll. Any thread may call it, and a task too.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let outcome = Arc::new(Outcome::default());
        let work = Reporting { future: Some(Box::pin(task)), outcome: Arc::clone(&outcome) };
        {
            let mut table = self.shared.table.lock().unwrap();
            let key = table.insert(Box::pin(work));
            table.note_wake(key);
        }
        self.shared.came.notify_all();
        JoinHandle { outcome }
    }

    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        loop {
            let inbox = mem::take(&mut self.shared.table.lock().unwrap().inbox);
            if inbox.is_empty() {
                return;
            }
            self.poll_all(inbox);
        }
    }

    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        loop {
            let table = self.shared.table.lock().unwrap();
            let idle = |table: &mut Table| table.inbox.is_empty() && table.unfinished > 0;
            let inbox = mem::take(&mut self.shared.came.wait_while(table, idle).unwrap().inbox);
            if inbox.is_empty() {
                return;
            }
            self.poll_all(inbox);
        }
    }

    fn poll_all(&self, inbox: VecDeque<Key>) {
        for key in inbox {
            let work = {
                let mut table = self.shared.table.lock().unwrap();
                let place = &mut table.places[key.index];
                if place.owner != key.owner {
                    continue;
                }
                place.is_woken = false;
                place.work.take()
            };
            let Some(mut work) = work else { continue };
            let waker = Waker::from(Arc::new(TaskWaker { key, shared: Arc::clone(&self.shared) }));
            let poll = work.as_mut().poll(&mut Context::from_waker(&waker));
            let mut table = self.shared.table.lock().unwrap();
            match poll {
                Poll::Pending => table.places[key.index].work = Some(work),
                Poll::Ready(()) => table.remove(key),
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let table = mem::take(&mut *self.shared.table.lock().unwrap());
        drop(table);
    }
}

/// A future that never panics, and tells its handle what has become of it.
struct Reporting<F: Future> {
    /// `None` when it has finished.
    future: Option<Pin<Box<F>>>,
    outcome: Arc<Outcome<F::Output>>,
}

impl<F: Future> Future for Reporting<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        // A future that has panicked is dropped and never looked at again, so nobody sees what it left undone.
        let result = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(Some(panic)),
        };
        self.future = None;
        self.outcome.set(result);
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Reporting<F> {
    fn drop(&mut self) {
        if self.future.take().is_some() {
            self.outcome.set(Err(None));
        }
    }
}

/// What a task has come to, for its handle.
struct Outcome<T>(Mutex<Stage<T>>);

enum Stage<T> {
    /// Not finished; the waker of whoever polled the handle last.
    Running(Option<Waker>),
    Finished(Result<T, JoinError>),
    /// The handle has handed it out.
    Taken,
}

impl<T> Outcome<T> {
    fn set(&self, result: Result<T, JoinError>) {
        let before = mem::replace(&mut *self.0.lock().unwrap(), Stage::Finished(result));
        // Unlocked: whoever is woken may poll the handle at once.
        if let Stage::Running(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self(Mutex::new(Stage::Running(None)))
    }
}

/// The payload of a task's panic, or `None` if the executor was dropped before the task had finished.
pub type JoinError = Option<Box<dyn Any + Send>>;

/// A future: what a task has come to. Dropped, it leaves the task alone. Nobody polls it after `Ready`.
pub struct JoinHandle<T> {
    outcome: Arc<Outcome<T>>,
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = context.waker().clone();
        let mut stage = self.outcome.0.lock().unwrap();
        match mem::replace(&mut *stage, Stage::Taken) {
            Stage::Finished(result) => Poll::Ready(result),
            before => {
                // The handle may have moved to another task since its last poll: the latest waker counts.
                *stage = Stage::Running(Some(waker));
                drop(stage);
                drop(before);
                Poll::Pending
            }
        }
    }
}
