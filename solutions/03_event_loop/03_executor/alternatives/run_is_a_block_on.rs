//! `run` is a `block_on` of a future that polls the tasks, and a futex is what sleeps.
//!
//! What is different: there is one way to sleep. The executor keeps the waker of whoever runs it, as every future
//! does, and a task that is queued wakes it. Why it is right: the waker is kept before the queue is looked at, so
//! whatever is queued later wakes; `block_on` takes the flag back before a poll, and the kernel compares it in the
//! same step in which it puts the thread to sleep.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::futex;

/// Polls `future` until it is ready: at once, then if it was woken since its last poll began; else sleeps.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while flag.0.swap(0, Ordering::AcqRel) == 0 {
            futex::wait(&flag.0, 0);
        }
    }
}

/// 1 when there was a wake.
struct Flag(AtomicU32);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        if self.0.swap(1, Ordering::AcqRel) == 0 {
            futex::wake_one(&self.0);
        }
    }
}

/// Gives up a turn: its first poll wakes its task and is `Pending`, its second is `Ready`.
#[derive(Debug, Default)]
pub enum YieldNow {
    #[default]
    /// Not polled yet.
    New,
    /// Polled once.
    Yielded,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match *self {
            Self::New => {
                *self = Self::Yielded;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Yielded => Poll::Ready(()),
        }
    }
}

/// Two futures as one: a poll polls each of them that was not ready yet, the first one first.
pub struct Join2<A: Future, B: Future> {
    /// `None` when they have been ready.
    futures: (Option<Pin<Box<A>>>, Option<Pin<Box<B>>>),
    outputs: (Option<A::Output>, Option<B::Output>),
}

impl<A: Future, B: Future> Unpin for Join2<A, B> {}

impl<A: Future, B: Future> Join2<A, B> {
    /// Polls neither yet.
    pub fn new(first: A, second: B) -> Self {
        let futures = (Some(Box::pin(first)), Some(Box::pin(second)));
        Self { futures, outputs: (None, None) }
    }
}

/// Polls a future that was not ready yet; keeps what is ready.
fn advance<F: Future>(
    future: &mut Option<Pin<Box<F>>>,
    output: &mut Option<F::Output>,
    context: &mut Context<'_>,
) {
    if let Some(running) = future
        && let Poll::Ready(value) = running.as_mut().poll(context)
    {
        *future = None;
        *output = Some(value);
    }
}

impl<A: Future, B: Future> Future for Join2<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { futures, outputs } = &mut *self;
        advance(&mut futures.0, &mut outputs.0, context);
        advance(&mut futures.1, &mut outputs.1, context);
        if outputs.0.is_none() || outputs.1.is_none() {
            return Poll::Pending;
        }
        outputs.0.take().zip(outputs.1.take()).map_or(Poll::Pending, Poll::Ready)
    }
}

/// Owns the tasks, futures that are not finished; `Send` and `Sync`. Its drop drops them, on this thread.
#[derive(Default)]
pub struct Executor {
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    /// The futures that are not finished and not polled now.
    asleep: BTreeMap<u64, Work>,
    unfinished: usize,
    queue: VecDeque<u64>,
    /// The task that is polled now, and whether it was woken meanwhile.
    polled: Option<(u64, bool)>,
    spawned: u64,
    /// Of the one who runs it.
    runner: Option<Waker>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The waker of a task: a number, and the way to the desk as long as there is one.
struct Number(u64, Weak<Mutex<Desk>>);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        let Some(desk) = self.1.upgrade() else { return };
        let runner = {
            let mut desk = desk.lock().unwrap();
            if let Some((number, is_woken)) = &mut desk.polled
                && *number == self.0
            {
                *is_woken = true;
                return;
            }
            if !desk.asleep.contains_key(&self.0) || desk.queue.contains(&self.0) {
                return;
            }
            desk.queue.push_back(self.0);
            desk.runner.take()
        };
        if let Some(runner) = runner {
            runner.wake();
        }
    }
}

impl Executor {
    /// Queues a new task, without a poll. Any thread may call it, and a task too.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let place = Arc::new(Mutex::new(Place { result: None, waker: None }));
        let work = Box::pin(Told { task: Some(Box::pin(task)), place: Arc::clone(&place) });
        let runner = {
            let mut desk = self.desk.lock().unwrap();
            let number = desk.spawned;
            desk.spawned += 1;
            desk.unfinished += 1;
            desk.asleep.insert(number, work);
            desk.queue.push_back(number);
            desk.runner.take()
        };
        if let Some(runner) = runner {
            runner.wake();
        }
        JoinHandle { place }
    }

    /// Polls tasks on this thread while one is queued, in their order; returns when none is. Never sleeps.
    pub fn run_until_stalled(&self) {
        while let Some((number, mut work)) = self.first() {
            let waker = Waker::from(Arc::new(Number(number, Arc::downgrade(&self.desk))));
            let poll = work.as_mut().poll(&mut Context::from_waker(&waker));
            let mut desk = self.desk.lock().unwrap();
            let is_woken = desk.polled.take().is_some_and(|(_, is_woken)| is_woken);
            if poll.is_ready() {
                desk.unfinished -= 1;
                continue;
            }
            desk.asleep.insert(number, work);
            if is_woken {
                desk.queue.push_back(number);
            }
        }
    }

    fn first(&self) -> Option<(u64, Work)> {
        let mut desk = self.desk.lock().unwrap();
        let number = desk.queue.pop_front()?;
        desk.polled = Some((number, false));
        let work = desk.asleep.remove(&number)?;
        Some((number, work))
    }

    /// The same, but sleeps while none is queued, and returns when no task is left.
    pub fn run(&self) {
        block_on(poll_fn(|context| {
            self.desk.lock().unwrap().runner = Some(context.waker().clone());
            self.run_until_stalled();
            if self.desk.lock().unwrap().unfinished == 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let mut desk = self.desk.lock().unwrap();
        let asleep = mem::take(&mut desk.asleep);
        desk.queue.clear();
        drop(desk);
        drop(asleep);
    }
}

/// What a task has come to, and who wants to know.
struct Place<T> {
    result: Option<Result<T, JoinError>>,
    waker: Option<Waker>,
}

/// A task, and the place where its outcome goes.
struct Told<F: Future> {
    task: Option<Pin<Box<F>>>,
    place: Arc<Mutex<Place<F::Output>>>,
}

impl<F: Future> Told<F> {
    fn end(&mut self, result: Result<F::Output, JoinError>) {
        self.task = None;
        let waker = {
            let mut place = self.place.lock().unwrap();
            place.result = Some(result);
            place.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<F: Future> Future for Told<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(task) = &mut self.task else { return Poll::Ready(()) };
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => self.end(Ok(output)),
            Err(panic) => self.end(Err(Some(panic))),
        }
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Told<F> {
    fn drop(&mut self) {
        if self.task.is_some() {
            self.end(Err(None));
        }
    }
}

/// The payload of a task's panic, or `None` if the executor was dropped before the task had finished.
pub type JoinError = Option<Box<dyn Any + Send>>;

/// A future: what a task has come to. Dropped, it leaves the task alone. Nobody polls it after `Ready`.
pub struct JoinHandle<T> {
    place: Arc<Mutex<Place<T>>>,
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut place = self.place.lock().unwrap();
        if let Some(result) = place.result.take() {
            return Poll::Ready(result);
        }
        let before = place.waker.replace(context.waker().clone());
        drop(place);
        drop(before);
        Poll::Pending
    }
}
