//! Futures by hand, and an executor that runs them as tasks on one thread.
//!
//! Everything rests on one rule of [`Future::poll`]: a future that returns `Pending` has kept the waker, and
//! uses it when another poll is worth while. So whoever polls may sleep until then, and polls no more often.
//!
//! A waker is a note for the one who polls. It has to work at any moment, also in the middle of a poll, and
//! between a poll and the sleep after it. So a wake is never only an event: it is *remembered*, under the same
//! lock under which the sleeper looks. For `block_on` one flag is enough; an [`Executor`] has many tasks, and
//! remembers a wake by the task's place in the queue.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
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
///
/// A waker has the *number* of its task, not the task: a waker that is kept for long keeps no future alive, and
/// no future keeps itself alive by its own waker. A number is never given out again, so a waker of a finished
/// task wakes no other.
#[derive(Default)]
pub struct Executor {
    shared: Arc<Shared>,
}

/// What the executor and its wakers share.
#[derive(Default)]
struct Shared {
    tasks: Mutex<Tasks>,
    /// A task has been queued.
    changed: Condvar,
}

#[derive(Default)]
struct Tasks {
    /// Those that have not finished, by their numbers.
    unfinished: HashMap<u64, Task>,
    /// The numbers of those that are to be polled, in order.
    queue: VecDeque<u64>,
    next_number: u64,
}

struct Task {
    /// `None` while it is polled: then it belongs to the one who polls.
    future: Option<Work>,
    /// Whether it is in the queue, which it is at most once.
    is_queued: bool,
}

/// A task's future, which brings its own outcome to its handle.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Executor {
    /// Queues a new task, without a poll. Any thread may call it, and a task too.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let outcome = Arc::new(Outcome::default());
        let work =
            Box::pin(Reporting { future: Some(Box::pin(task)), outcome: Arc::clone(&outcome) });
        let number = self.shared.add(work);
        self.shared.queue(number);
        JoinHandle { outcome }
    }

    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        while let Some((number, work)) = self.shared.first() {
            self.poll(number, work);
        }
    }

    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        while let Some((number, work)) = self.shared.wait_for_first() {
            self.poll(number, work);
        }
    }

    /// Not under the lock: the future may spawn, and wake, and drop what it likes.
    fn poll(&self, number: u64, mut work: Work) {
        let waker = Waker::from(Arc::new(TaskWaker { number, shared: Arc::clone(&self.shared) }));
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => self.shared.put_back(number, work),
            Poll::Ready(()) => self.shared.remove(number),
        }
    }
}

impl Drop for Executor {
    /// Nobody runs the tasks now, so all futures are in the table. Wakers may come later, and find nothing.
    fn drop(&mut self) {
        let unfinished = mem::take(&mut self.shared.tasks.lock().unwrap().unfinished);
        // Unlocked again: a future's destructor may use a waker of another task.
        drop(unfinished);
    }
}

impl Shared {
    fn add(&self, work: Work) -> u64 {
        let mut tasks = self.tasks.lock().unwrap();
        let number = tasks.next_number;
        tasks.next_number += 1;
        tasks.unfinished.insert(number, Task { future: Some(work), is_queued: false });
        number
    }

    /// Puts a task at the end of the queue, unless it is in there, or has finished.
    fn queue(&self, number: u64) {
        let mut tasks = self.tasks.lock().unwrap();
        let Some(task) = tasks.unfinished.get_mut(&number) else { return };
        if !mem::replace(&mut task.is_queued, true) {
            tasks.queue.push_back(number);
            self.changed.notify_one();
        }
    }

    /// Takes the first task of the queue.
    fn first(&self) -> Option<(u64, Work)> {
        self.tasks.lock().unwrap().first()
    }

    /// Sleeps until a task is queued, and takes it; `None` if no task is left.
    fn wait_for_first(&self) -> Option<(u64, Work)> {
        let tasks = self.tasks.lock().unwrap();
        let nothing_to_do =
            |tasks: &mut Tasks| tasks.queue.is_empty() && !tasks.unfinished.is_empty();
        self.changed.wait_while(tasks, nothing_to_do).unwrap().first()
    }

    /// After a poll that was `Pending`. The task may be queued again already.
    fn put_back(&self, number: u64, work: Work) {
        let mut tasks = self.tasks.lock().unwrap();
        let task = tasks.unfinished.get_mut(&number).expect("only who polls it removes it");
        task.future = Some(work);
    }

    /// A task has finished, and is polled no more, also if it was woken meanwhile.
    fn remove(&self, number: u64) {
        let mut tasks = self.tasks.lock().unwrap();
        if tasks.unfinished.remove(&number).is_some_and(|task| task.is_queued) {
            tasks.queue.retain(|queued| *queued != number);
        }
    }
}

impl Tasks {
    /// Takes the first of the queue, with its future.
    fn first(&mut self) -> Option<(u64, Work)> {
        let number = self.queue.pop_front()?;
        let task = self.unfinished.get_mut(&number).expect("what is queued has not finished");
        // Before the poll: a wake from now on, in the middle of it too, is one more turn.
        task.is_queued = false;
        Some((number, task.future.take().expect("who polls it puts it back")))
    }
}

/// The waker of a task.
struct TaskWaker {
    number: u64,
    shared: Arc<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.shared.queue(self.number);
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
