//! Misconception: a task that has finished is no task any more: what is left is counted then.
//! Kind: re-entrancy
//! Caught by: what_the_end_of_the_last_task_spawns_is_run::case_1_the_destructor_of_its_future
//! Message: before the last one has quite ended

//! Futures by hand, and an executor that runs them as tasks on one thread. One lock has the queue and all tasks.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{Condvar, Mutex};

/// What a `block_on` sleeps on.
struct Signal {
    woken: Mutex<bool>,
    news: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.news.notify_one();
    }
}

/// Polls `future` until it is ready: at once, then if it was woken since its last poll began; else sleeps.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal { woken: Mutex::new(false), news: Condvar::new() });
    let waker = Waker::from(Arc::clone(&signal));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = signal.woken.lock().unwrap();
        while !*woken {
            woken = signal.news.wait(woken).unwrap();
        }
        *woken = false;
    }
}

/// Gives up a turn: its first poll wakes its task and is `Pending`, its second is `Ready`.
#[derive(Debug, Default)]
pub struct YieldNow {
    polled: bool,
}
impl Future for YieldNow {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

enum Side<F: Future> {
    Waits(Pin<Box<F>>),
    Ready(Option<F::Output>),
}

impl<F: Future> Side<F> {
    /// Whether it is ready now.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if let Self::Waits(future) = self {
            match future.as_mut().poll(context) {
                Poll::Ready(output) => *self = Self::Ready(Some(output)),
                Poll::Pending => return false,
            }
        }
        true
    }

    fn take(&mut self) -> F::Output {
        match self {
            Self::Ready(output) => output.take().expect("nobody polls it after `Ready`"),
            Self::Waits(_) => unreachable!("only called when both are ready"),
        }
    }
}

/// Two futures as one: a poll polls each of them that was not ready yet, the first one first.
pub struct Join2<A: Future, B: Future>(Side<A>, Side<B>);
impl<A: Future, B: Future> Unpin for Join2<A, B> {} // Boxed, they stay where they are when this moves.
impl<A: Future, B: Future> Join2<A, B> {
    /// Polls neither yet.
    pub fn new(first: A, second: B) -> Self {
        Self(Side::Waits(Box::pin(first)), Side::Waits(Box::pin(second)))
    }
}
impl<A: Future, B: Future> Future for Join2<A, B> {
    type Output = (A::Output, B::Output);
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(first, second) = self.get_mut();
        // Both are polled, whatever comes of the first.
        if first.poll(context) & second.poll(context) {
            Poll::Ready((first.take(), second.take()))
        } else {
            Poll::Pending
        }
    }
}

/// A future with the handle that waits for it.
struct Job<F: Future> {
    future: Option<Pin<Box<F>>>,
    result: Option<Result<F::Output, JoinError>>,
    outcome: Arc<Outcome<F::Output>>,
}

trait Poller: Send {
    /// Polls the future; true if it has finished.
    fn finishes(&mut self, context: &mut Context<'_>) -> bool;
    /// Drops the finished future, then makes its handle ready.
    fn end(&mut self);
}

impl<F: Future<Output: Send> + Send> Poller for Job<F> {
    fn finishes(&mut self, context: &mut Context<'_>) -> bool {
        let Some(future) = &mut self.future else { return true };
        let result = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(Some(payload)),
        };
        self.result = Some(result);
        true
    }

    fn end(&mut self) {
        self.future = None;
        if let Some(result) = self.result.take() {
            self.outcome.finish(result);
        }
    }
}

impl<F: Future> Drop for Job<F> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            drop(future);
            self.outcome.finish(Err(None));
        }
    }
}

struct Slot {
    queued: bool,
    /// Not here while it is polled.
    job: Option<Box<dyn Poller>>,
    waker: Waker,
}

#[derive(Default)]
struct State {
    queue: VecDeque<u64>,
    tasks: HashMap<u64, Slot>,
    spawned: u64,
}

struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

struct TaskWaker {
    id: u64,
    shared: Weak<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut state = shared.state.lock().unwrap();
        let State { queue, tasks, .. } = &mut *state;
        if let Some(task) = tasks.get_mut(&self.id).filter(|task| !task.queued) {
            task.queued = true;
            queue.push_back(self.id);
            shared.news.notify_one();
        }
    }
}

/// Owns the tasks, futures that are not finished; `Send` and `Sync`. Its drop drops them, on this thread.
pub struct Executor {
    shared: Arc<Shared>,
}

impl Default for Executor {
    fn default() -> Self {
        let state = Mutex::new(State::default());
        Self { shared: Arc::new(Shared { state, news: Condvar::new() }) }
    }
}

impl Executor {
    /// Queues a new task, without a poll. Any thread may call it, and a task too.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let outcome = Arc::new(Outcome::new());
        let job = Job { future: Some(Box::pin(task)), result: None, outcome: Arc::clone(&outcome) };
        let mut state = self.shared.state.lock().unwrap();
        let id = state.spawned;
        state.spawned += 1;
        let waker = Waker::from(Arc::new(TaskWaker { id, shared: Arc::downgrade(&self.shared) }));
        state.tasks.insert(id, Slot { queued: true, job: Some(Box::new(job)), waker });
        state.queue.push_back(id);
        drop(state);
        self.shared.news.notify_one();
        JoinHandle { outcome }
    }

    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        while self.step(false) {}
    }

    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        while self.step(true) {}
    }

    /// Polls the first task of the queue; false if there is none.
    fn step(&self, sleeps: bool) -> bool {
        let mut state = self.shared.state.lock().unwrap();
        let (id, mut job, waker) = loop {
            if let Some(id) = state.queue.pop_front() {
                // Unless it was woken in its last poll.
                if let Some(task) = state.tasks.get_mut(&id) {
                    task.queued = false;
                    let job = task.job.take().expect("one thread at a time polls");
                    break (id, job, task.waker.clone());
                }
            } else if sleeps && !state.tasks.is_empty() {
                state = self.shared.news.wait(state).unwrap();
            } else {
                return false;
            }
        };
        drop(state);
        let finished = job.finishes(&mut Context::from_waker(&waker));
        let mut state = self.shared.state.lock().unwrap();
        if finished {
            let slot = state.tasks.remove(&id);
            let more = !state.tasks.is_empty();
            drop(state);
            job.end();
            drop((slot, job));
            return more;
        } else if let Some(task) = state.tasks.get_mut(&id) {
            task.job = Some(job);
        }
        true
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap();
        let left = mem::take(&mut *state);
        drop(state);
        drop(left);
    }
}

/// The payload of a task's panic, or `None` if the executor was dropped before the task had finished.
pub type JoinError = Option<Box<dyn Any + Send>>;

struct Outcome<T> {
    // What came of it, and who waits for that.
    state: Mutex<(Option<Result<T, JoinError>>, Option<Waker>)>,
}

impl<T> Outcome<T> {
    fn new() -> Self {
        Self { state: Mutex::new((None, None)) }
    }

    fn finish(&self, result: Result<T, JoinError>) {
        let mut state = self.state.lock().unwrap();
        state.0 = Some(result);
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A future: what a task has come to. Dropped, it leaves the task alone. Nobody polls it after `Ready`.
pub struct JoinHandle<T> {
    outcome: Arc<Outcome<T>>,
}
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = context.waker().clone();
        let mut state = self.outcome.state.lock().unwrap();
        if let Some(result) = state.0.take() {
            drop(state);
            return Poll::Ready(result);
        }
        let earlier = state.1.replace(waker);
        drop(state);
        drop(earlier);
        Poll::Pending
    }
}
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let mut state = self.outcome.state.lock().unwrap();
        let waker = state.1.take();
        drop(state);
        drop(waker);
    }
}
