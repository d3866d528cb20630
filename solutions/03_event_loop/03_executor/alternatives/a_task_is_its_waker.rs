//! Each task is its own waker: `Arc<Task>` has the future, the queue has tasks, and `block_on` parks its thread.
//!
//! What is different: a wake needs no look-up. A task that is woken puts itself into the queue, and an atomic note
//! says whether it is in there. It is the form that most executors have. Why it is right: the note is taken back
//! before the poll, so a wake in the middle of it queues the task again; a task takes its future out when it has
//! finished, so wakers that are left own an empty shell; and it knows its queue by a `Weak`, so the two do not own
//! each other.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Condvar, Mutex};

/// Polls `future` until it is ready: at once, then if it was woken since its last poll began; else sleeps.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let sleeper = Arc::new(Sleeper { is_woken: AtomicBool::new(false), thread: thread::current() });
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        // A park may end for any reason: only the flag says that there was a wake.
        while !sleeper.is_woken.swap(false, Ordering::AcqRel) {
            thread::park();
        }
    }
}

/// A thread in [`block_on`].
struct Sleeper {
    is_woken: AtomicBool,
    thread: Thread,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.is_woken.swap(true, Ordering::AcqRel);
        self.thread.unpark();
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
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Task>>,
    unfinished: HashMap<u64, Arc<Task>>,
    spawned: u64,
}

struct Task {
    number: u64,
    /// `None` while it is polled, and when it has finished.
    future: Mutex<Option<Work>>,
    is_queued: AtomicBool,
    queue: Weak<Queue>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::AcqRel)
            && let Some(queue) = self.queue.upgrade()
        {
            queue.state.lock().unwrap().ready.push_back(self);
            queue.changed.notify_one();
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
        let promise = Promise(Arc::clone(&outcome));
        let work = async move {
            let mut task = Box::pin(task);
            let result = poll_fn(move |context| {
                match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
                    Err(panic) => Poll::Ready(Err(Some(panic))),
                }
            });
            // The task is dropped at the end of this statement.
            let result = result.await;
            promise.0.set(result);
        };
        let mut state = self.queue.state.lock().unwrap();
        let task = Arc::new(Task {
            number: state.spawned,
            future: Mutex::new(Some(Box::pin(work))),
            is_queued: AtomicBool::new(true),
            queue: Arc::downgrade(&self.queue),
        });
        state.spawned += 1;
        state.unfinished.insert(task.number, Arc::clone(&task));
        state.ready.push_back(task);
        drop(state);
        self.queue.changed.notify_one();
        JoinHandle { outcome }
    }

    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        loop {
            let first = self.queue.state.lock().unwrap().ready.pop_front();
            let Some(task) = first else { return };
            self.poll(task);
        }
    }

    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        loop {
            let state = self.queue.state.lock().unwrap();
            let idle = |state: &mut State| state.ready.is_empty() && !state.unfinished.is_empty();
            let first = self.queue.changed.wait_while(state, idle).unwrap().ready.pop_front();
            let Some(task) = first else { return };
            self.poll(task);
        }
    }

    fn poll(&self, task: Arc<Task>) {
        task.is_queued.swap(false, Ordering::AcqRel);
        // One that was woken after its end has none.
        let future = task.future.lock().unwrap().take();
        let Some(mut future) = future else { return };
        let waker = Waker::from(Arc::clone(&task));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => *task.future.lock().unwrap() = Some(future),
            Poll::Ready(()) => {
                self.queue.state.lock().unwrap().unfinished.remove(&task.number);
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let state = mem::take(&mut *self.queue.state.lock().unwrap());
        for task in state.unfinished.into_values() {
            let future = task.future.lock().unwrap().take();
            drop(future);
        }
    }
}

/// An outcome that will be set: at the latest when this is dropped.
struct Promise<T>(Arc<Outcome<T>>);

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.set(Err(None));
    }
}

/// What a task has come to, for its handle: the first that is set counts.
struct Outcome<T>(Mutex<Stage<T>>);

enum Stage<T> {
    Running(Option<Waker>),
    Finished(Result<T, JoinError>),
    Taken,
}

impl<T> Outcome<T> {
    fn set(&self, result: Result<T, JoinError>) {
        let mut stage = self.0.lock().unwrap();
        let Stage::Running(waker) = &mut *stage else { return };
        let waker = waker.take();
        *stage = Stage::Finished(result);
        drop(stage);
        if let Some(waker) = waker {
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
