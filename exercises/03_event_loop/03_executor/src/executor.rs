//! Futures by hand, and an executor that runs them as tasks on one thread.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

// use crate::sync::{Condvar, Mutex};

/// Polls `future` until it is ready: at once, then if it was woken since its last poll began; else sleeps.
pub fn block_on<F: Future>(_future: F) -> F::Output {
    todo!("pin the future; poll it with a waker of yours; sleep until that is used; again")
}

/// Gives up a turn: its first poll wakes its task and is `Pending`, its second is `Ready`.
#[derive(Debug, Default)]
pub struct YieldNow {}
impl Future for YieldNow {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        todo!("which poll is this? The waker is in {context:?}")
    }
}

/// Two futures as one: a poll polls each of them that was not ready yet, the first one first.
pub struct Join2<A: Future, B: Future>(PhantomData<(A, B)>);
impl<A: Future, B: Future> Unpin for Join2<A, B> {} // Boxed, they stay where they are when this moves.
impl<A: Future, B: Future> Join2<A, B> {
    /// Polls neither yet.
    pub fn new(_first: A, _second: B) -> Self {
        todo!("a future has a fixed place before its first poll: Box::pin")
    }
}
impl<A: Future, B: Future> Future for Join2<A, B> {
    type Output = (A::Output, B::Output);
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!("two states, each a future or its output: what does {context:?} change?")
    }
}

/// Owns the tasks, futures that are not finished; `Send` and `Sync`. Its drop drops them, on this thread.
#[derive(Default)]
pub struct Executor {}
impl Executor {
    /// Queues a new task, without a poll. Any thread may call it, and a task too.
    pub fn spawn<F>(&self, _task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        todo!("box the future; queue it; wake `run` if that sleeps")
    }
    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        todo!("take the first of the queue, unlock, poll; a panic of the task ends only the task")
    }
    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        todo!("look at the queue and go to sleep in one step")
    }
}

/// The payload of a task's panic, or `None` if the executor was dropped before the task had finished.
pub type JoinError = Option<Box<dyn std::any::Any + Send>>;
/// A future: what a task has come to. Dropped, it leaves the task alone. Nobody polls it after `Ready`.
pub struct JoinHandle<T>(PhantomData<T>);
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!("finished? If not, the waker of {context:?} replaces that of an earlier poll")
    }
}
