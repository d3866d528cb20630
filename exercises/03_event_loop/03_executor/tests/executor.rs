//! What futures by hand and an executor promise, easiest first.
//!
//! `src/executor.rs` is compiled here with a `crate::sync` whose waits wake up for no reason.

#![allow(clippy::drop_non_drop)] // the handle of the stub has no `Drop` yet

#[allow(dead_code)]
#[path = "../src/executor.rs"]
mod executor;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use std::collections::{BTreeMap, VecDeque};
use std::future::{self, poll_fn};
use std::marker::PhantomPinned;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use executor::{Executor, Join2, JoinError, JoinHandle, YieldNow, block_on};
use proptest::collection;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rstest::rstest;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Threads};

testkit::count_allocations!();

const TASK: &str = "README, the task";

/// Runs `body` on a thread of its own, so that a call that never returns is seen.
#[track_caller]
fn on_a_thread<T: Send + 'static>(likely: &str, body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(likely, "the hints")
}

/// A future of the test's own, and what can be seen of it from outside.
///
/// It is `Pending` until `open`, keeps each waker that it is given, and wakes nobody by itself.
#[derive(Clone, Default)]
struct Probe(Arc<Seen>);

#[derive(Default)]
struct Seen {
    polls: AtomicUsize,
    is_open: AtomicBool,
    drops: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
}

/// The future of a [`Probe`], with what it does in each poll beside: it is told which poll it is.
struct Probed<F> {
    probe: Probe,
    act: F,
}

impl Probe {
    fn future(&self) -> impl Future<Output = usize> + Send + 'static {
        self.acting(|_| {})
    }

    fn acting<F: FnMut(usize) + Send + Unpin + 'static>(&self, act: F) -> Probed<F> {
        Probed { probe: self.clone(), act }
    }

    fn polls(&self) -> usize {
        self.0.polls.load(SeqCst)
    }

    fn drops(&self) -> usize {
        self.0.drops.load(SeqCst)
    }

    /// The waker of the last poll; one that does nothing, if there was none.
    fn waker(&self) -> Waker {
        self.0.wakers.lock().unwrap().last().unwrap_or(Waker::noop()).clone()
    }

    /// The waker of the first poll.
    fn first_waker(&self) -> Waker {
        self.0.wakers.lock().unwrap().first().unwrap_or(Waker::noop()).clone()
    }

    /// From now on it is ready when it is polled; nobody is woken.
    fn open(&self) {
        self.0.is_open.store(true, SeqCst);
    }

    fn open_and_wake(&self) {
        self.open();
        self.waker().wake();
    }
}

impl<F: FnMut(usize) + Unpin> Future for Probed<F> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let number = self.probe.0.polls.fetch_add(1, SeqCst) + 1;
        self.probe.0.wakers.lock().unwrap().push(context.waker().clone());
        (self.act)(number);
        if self.probe.0.is_open.load(SeqCst) { Poll::Ready(number) } else { Poll::Pending }
    }
}

impl<F> Drop for Probed<F> {
    fn drop(&mut self) {
        self.probe.0.drops.fetch_add(1, SeqCst);
    }
}

/// A waker that counts.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), Waker::from(count))
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// What tasks write down, in the order of their polls.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join(" ")
    }
}

/// Yields once, whatever the learner's `YieldNow` does.
async fn give_way() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

// block_on

#[test]
fn block_on_returns_what_its_future_is_ready_with() {
    let likely = "block_on sleeps after a poll that was Ready";
    let output = on_a_thread(likely, || {
        let text = String::from("borrowed");
        block_on(async { text.as_str().len() })
    });
    require!(output == 8,
        expected: "block_on to return 8, the length of a text that its future borrows",
        seen: "{output}",
        likely: "the output is not that of Poll::Ready",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
}

#[test]
fn block_on_polls_a_ready_future_once() {
    let probe = Probe::default();
    probe.open();
    let future = probe.future();
    on_a_thread("block_on sleeps before its first poll, or after one that was Ready", move || {
        block_on(future);
    });
    let polls = probe.polls();
    require!(polls == 1,
        expected: "1 poll of a future that is ready at its first",
        seen: "{polls} polls",
        likely: "it is polled again after Ready, which may panic",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
}

#[rstest]
#[case::once(1)]
#[case::twice(2)]
#[case::three_times(3)]
fn a_wake_in_the_middle_of_a_poll_is_one_more_poll_of_block_on(#[case] wakes: usize) {
    let probe = Probe::default();
    let (threads, itself) = (Threads::new(), probe.clone());
    let future = probe.acting(move |poll| {
        if poll == 1 {
            (0..wakes).for_each(|_| itself.waker().wake());
        }
    });
    let sleeper = threads.spawn("block_on", move || block_on(future));
    let settled = threads.settle();
    let polls = probe.polls();
    if polls < 2 {
        require!(polls != 1 || settled != Settled::AtRest,
            expected: "a second poll: the future was woken in the middle of its first",
            seen: "1 poll, and then block_on sleeps",
            likely: "the wake is forgotten when the poll ends: take the flag back before a poll, not after it; or the waker only notifies, and nobody slept yet",
            read: "hint 2",
        );
    }
    require!(polls == 2,
        expected: "2 polls: one at once, and one for all wakes that came in the middle of it",
        seen: "{polls} polls",
        likely: "each wake is counted: two wakes before a poll are one. Or a sleep that ends for no reason is taken for a wake",
        read: "hint 2",
    );
    require!(settled == Settled::AtRest,
        expected: "block_on to sleep after its second poll: no wake has come",
        seen: "{settled:?}",
        likely: "a loop that asks again and again",
        read: "hint 2",
    );
    probe.open_and_wake();
    let last = sleeper.join("the wake of a sleeping block_on does not end its sleep", "hint 2");
    require!(last == 3,
        expected: "the output of poll 3",
        seen: "that of poll {last}",
        likely: "a wake is counted twice",
        read: "hint 2",
    );
}

#[test]
fn block_on_sleeps_until_a_wake_from_another_thread() {
    let (threads, probe) = (Threads::new(), Probe::default());
    let future = probe.future();
    let sleeper = threads.spawn("block_on", move || block_on(future));
    let settled = threads.settle();
    let polls = probe.polls();
    require!(settled == Settled::AtRest,
        expected: "block_on to sleep: its future is Pending and nobody has woken it",
        seen: "{settled:?}: it looks again and again",
        likely: "a loop that polls, or looks at a flag, instead of a sleep",
        read: "hint 2",
    );
    require!(polls == 1,
        expected: "1 poll before the wake",
        seen: "{polls} polls",
        likely: "a sleep that ended for no reason is taken for a wake: look at a flag in a loop",
        read: "hint 2",
    );
    probe.open_and_wake();
    let last = sleeper.join("the waker does not wake the sleeper: nothing notifies it", "hint 2");
    require!(last == 2,
        expected: "the second poll to be the last: the future is ready",
        seen: "poll {last} was the last",
        likely: "a wake is counted twice",
        read: "hint 2",
    );
}

#[test]
fn only_a_wake_is_a_wake_for_block_on() {
    let (threads, probe) = (Threads::new(), Probe::default());
    let future = probe.acting(|poll| {
        if poll == 1 {
            // Somebody uses the same token of park for something else.
            thread::current().unpark();
        }
    });
    let sleeper = threads.spawn("block_on", move || block_on(future));
    let settled = threads.settle();
    let polls = probe.polls();
    require!((polls, &settled) == (1, &Settled::AtRest),
        expected: "1 poll, and then sleep: an unpark by somebody else is no wake",
        seen: "{polls} polls, {settled:?}",
        likely: "thread::park without a flag: whatever ends a park, look whether the waker was used",
        read: "https://doc.rust-lang.org/std/thread/fn.park.html",
    );
    probe.open_and_wake();
    sleeper.join("the flag is not set by the waker, or nothing unparks", "hint 2");
}

#[test]
fn a_block_on_in_a_block_on_has_a_waker_of_its_own() {
    let (threads, outer, inner) = (Threads::new(), Probe::default(), Probe::default());
    let mut inner_future = Some(inner.acting({
        let outer = outer.clone();
        move |poll| {
            if poll == 1 {
                outer.waker().wake();
            }
        }
    }));
    let itself = outer.clone();
    let future = outer.acting(move |_| match inner_future.take() {
        Some(inner_future) => {
            block_on(inner_future);
        }
        None => itself.open(),
    });
    let sleeper = threads.spawn("block_on", move || block_on(future));
    threads.come_to_rest();
    let polls = inner.polls();
    require!(polls == 1,
        expected: "1 poll of the inner future: only the outer one was woken",
        seen: "{polls} polls",
        likely: "both calls share a flag: a static, a thread_local, or the token of park",
        read: "README, the task",
    );
    inner.open_and_wake();
    let last = sleeper.join(
        "the outer future was woken while the inner block_on slept, and the inner one has used up that wake: do both share a flag?",
        TASK,
    );
    assert_eq!(last, 2, "the polls of the outer future");
}

#[test]
fn a_waker_of_an_earlier_block_on_does_nothing() {
    let (threads, earlier, probe) = (Threads::new(), Probe::default(), Probe::default());
    let future = probe.acting({
        let earlier = earlier.clone();
        move |poll| {
            if poll == 1 {
                earlier.waker().wake();
            }
        }
    });
    earlier.open();
    let first = earlier.future();
    let sleeper = threads.spawn("block_on", move || {
        block_on(first);
        block_on(future)
    });
    threads.come_to_rest();
    let polls = probe.polls();
    require!(polls == 1,
        expected: "1 poll: the waker that was used is one of an earlier block_on of this thread",
        seen: "{polls} polls",
        likely: "all calls on a thread share a flag: a static or a thread_local",
        read: "README, the task",
    );
    probe.open_and_wake();
    sleeper.join("the waker of the second block_on does not wake it", "hint 2");
}

#[test]
fn a_panic_of_its_future_comes_to_the_caller_of_block_on() {
    let text = on_a_thread("a panic leaves something locked", || {
        let panics = poll_fn(|_| -> Poll<()> { resume_unwind(Box::new("on purpose")) });
        let panic = catch_unwind(AssertUnwindSafe(|| block_on(panics)));
        let text =
            panic.map_err(|panic| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.map_or_else(Option::unwrap_or_default, |()| "no panic".to_owned())
    });
    require!(text == "on purpose",
        expected: "the panic `on purpose` to come to the caller",
        seen: "`{text}`",
        likely: "a panic is caught and raised again in other words",
        read: "README, the task",
    );
}

#[test]
fn a_wake_is_kept_in_crate_sync() {
    let uses = on_a_thread("a wake in the middle of a poll is lost", || {
        block_on(give_way());
        sync::uses()
    });
    require!(uses > 0,
        expected: "block_on and its waker to use a Mutex or an atomic of crate::sync",
        seen: "{uses} uses",
        likely: "`use std::sync::{{Condvar, Mutex}}`: write `use crate::sync::{{Condvar, Mutex}}`, so that the other tests can stop a thread at any step. std's Arc is right",
        read: "README, the task",
    );
}

// YieldNow and Join2

#[test]
fn yield_now_wakes_and_is_pending_once() {
    let (count, waker) = counting();
    let mut future = YieldNow::default();
    let first = poll_with(&mut future, &waker).is_pending();
    let wakes = count.get();
    require!(first,
        expected: "the first poll to be Pending",
        seen: "it was Ready",
        likely: "it has to remember whether it was polled before: a field",
        read: "hint 3",
    );
    require!(wakes == 1,
        expected: "the first poll to wake once",
        seen: "{wakes} wakes",
        likely: "context.waker().wake_by_ref(): who returns Pending and wakes nobody is never polled again",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
    let second = poll_with(&mut future, &waker).is_ready();
    let wakes = count.get();
    require!(second && wakes == 1,
        expected: "the second poll to be Ready, and to wake nobody",
        seen: "Ready: {second}, {wakes} wakes in all",
        likely: "the field is not set, or the wake comes in each poll",
        read: "hint 3",
    );
}

#[test]
fn join2_has_both_outputs_in_order() {
    // An output need not be Unpin, and a future may borrow.
    let text = String::from("one");
    let mut future = Join2::new(async { text.as_str() }, future::ready((2, PhantomPinned)));
    let (_, waker) = counting();
    let outputs = match poll_with(&mut future, &waker) {
        Poll::Ready((one, (two, _))) => format!("Ready({one}, {two})"),
        Poll::Pending => "Pending".to_owned(),
    };
    require!(outputs == "Ready(one, 2)",
        expected: "Ready(one, 2): both futures are ready at their first poll",
        seen: "{outputs}",
        likely: "one poll polls both, and asks after that whether both are ready",
        read: "hint 3",
    );
}

#[rstest]
#[case::both_at_once(1, 1)]
#[case::the_first_earlier(1, 2)]
#[case::the_second_earlier(2, 1)]
#[case::the_first_much_earlier(1, 4)]
#[case::the_second_much_earlier(4, 1)]
#[case::both_late(3, 3)]
fn join2_polls_both_and_none_after_it_was_ready(#[case] first: usize, #[case] second: usize) {
    let probes = [Probe::default(), Probe::default()];
    let side = |index: usize, ready_at: usize| {
        let probe = probes[index].clone();
        probes[index].acting(move |poll| {
            if poll == ready_at {
                probe.open();
            }
        })
    };
    let mut future = Join2::new(side(0, first), side(1, second));
    let (count, waker) = counting();
    let mut polls = 0;
    let outputs = loop {
        polls += 1;
        match poll_with(&mut future, &waker) {
            Poll::Ready((one, two)) => break format!("Ready({one}, {two})"),
            Poll::Pending if polls > 10 => break "Pending".to_owned(),
            Poll::Pending => {}
        }
    };
    let seen = [probes[0].polls(), probes[1].polls()];
    let (expected, last) = ([first, second], first.max(second));
    require!(seen == expected,
        expected: "{expected:?} polls of the two: each is polled in every poll until it is ready, and never after that",
        seen: "{seen:?} polls, and {polls} of Join2",
        likely: "the second is polled only when the first is ready (then both wait one after the other), or one that was ready is polled again",
        read: "hint 3",
    );
    require!(polls == last && outputs == format!("Ready({first}, {second})"),
        expected: "poll {last} of Join2 to be the first one that is Ready, with ({first}, {second})",
        seen: "{outputs} at poll {polls}",
        likely: "the second future is not polled before the first is ready, so they wait one after the other; or it is asked whether both are ready before they are polled",
        read: "hint 3",
    );
    let wakes = count.get();
    require!(wakes == 0,
        expected: "Join2 to wake nobody: its futures do",
        seen: "{wakes} wakes",
        likely: "a wake in each poll that is Pending: that is a busy loop",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
}

#[test]
fn join2_polls_the_first_future_first() {
    let diary = Diary::default();
    let writes = |name: &'static str| {
        let diary = diary.clone();
        poll_fn(move |_| {
            diary.write(name);
            Poll::<()>::Pending
        })
    };
    let mut future = Join2::new(writes("first"), writes("second"));
    let before = diary.text();
    require!(before.is_empty(),
        expected: "no poll in Join2::new",
        seen: "{before}",
        likely: "futures are lazy: nothing happens before the first poll",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
    let (_, waker) = counting();
    assert!(poll_with(&mut future, &waker).is_pending());
    let seen = diary.text();
    require!(seen == "first second",
        expected: "first second",
        seen: "{seen}",
        likely: "a Pending of one future keeps the other from its poll",
        read: "hint 3",
    );
}

#[test]
fn join2_hands_on_the_waker_of_the_poll_that_it_is_in() {
    let probes = [Probe::default(), Probe::default()];
    let mut future = Join2::new(probes[0].future(), probes[1].future());
    let (old, old_waker) = counting();
    let (new, new_waker) = counting();
    for waker in [&old_waker, &new_waker] {
        assert!(poll_with(&mut future, waker).is_pending());
    }
    probes.iter().for_each(|probe| probe.waker().wake());
    let seen = [old.get(), new.get()];
    require!(seen == [0, 2],
        expected: "0 wakes of the first poll's waker, and 2 of the second one's",
        seen: "{seen:?}",
        likely: "a waker is kept from the first poll: a future may move to another task between two polls",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
}

// spawn and run

#[test]
fn a_spawn_polls_nothing_and_a_run_polls_once() {
    let probe = Probe::default();
    probe.open();
    let future = probe.future();
    let seen = on_a_thread("the end of a task is not noticed", {
        let probe = probe.clone();
        move || {
            let executor = Executor::default();
            let _handle = executor.spawn(future);
            let before = probe.polls();
            executor.run_until_stalled();
            [before, probe.polls()]
        }
    });
    require!(seen == [0, 1],
        expected: "[0, 1] polls: none at the spawn, one in the run",
        seen: "{seen:?}",
        likely: "spawn polls, or does not queue, or a task that is ready is polled again",
        read: "README, the task",
    );
}

#[test]
fn tasks_have_their_turns_in_order() {
    let diary = Diary::default();
    on_a_thread("a task that was woken in its poll is not queued again", {
        let diary = diary.clone();
        move || {
            let executor = Executor::default();
            for name in ["a", "b", "c"] {
                let diary = diary.clone();
                drop(executor.spawn(async move {
                    for step in 1..=3 {
                        diary.write(format!("{name}{step}"));
                        give_way().await;
                    }
                }));
            }
            executor.run_until_stalled();
        }
    });
    let seen = diary.text();
    require!(seen == "a1 b1 c1 a2 b2 c2 a3 b3 c3",
        expected: "a1 b1 c1 a2 b2 c2 a3 b3 c3",
        seen: "{seen}",
        likely: "a stack where a queue belongs, or a task is polled until it is done before the next has a turn",
        read: "hint 4",
    );
}

#[rstest]
#[case::run_until_stalled(|executor: &Executor| executor.run_until_stalled())]
#[case::run(|executor: &Executor| executor.run())]
fn a_run_without_tasks_returns(#[case] run: fn(&Executor)) {
    let likely = "run sleeps although no task is left: who would wake it?";
    let polls = on_a_thread(likely, move || {
        let (executor, probe) = (Executor::default(), Probe::default());
        run(&executor);
        probe.open();
        drop(executor.spawn(probe.future()));
        run(&executor);
        run(&executor);
        probe.polls()
    });
    require!(polls == 1,
        expected: "1 poll of a task that was spawned after a first run: it was ready at once",
        seen: "{polls} polls",
        likely: "an executor that ran once does not run again, or polls what has finished",
        read: "README, the task",
    );
}

#[rstest]
#[case::not_at_all(0, 1)]
#[case::once(1, 2)]
#[case::twice(2, 2)]
#[case::seven_times(7, 2)]
fn wakes_before_a_poll_are_one(#[case] wakes: usize, #[case] expected: usize) {
    let probe = Probe::default();
    let future = probe.future();
    let polls = on_a_thread("run_until_stalled sleeps", {
        let probe = probe.clone();
        move || {
            let executor = Executor::default();
            let _handle = executor.spawn(future);
            executor.run_until_stalled();
            (0..wakes).for_each(|_| probe.waker().wake());
            executor.run_until_stalled();
            executor.run_until_stalled();
            probe.polls()
        }
    });
    require!(polls == expected,
        expected: "{expected} polls of a task after {wakes} wakes: one for its spawn, one for all wakes before the next poll",
        seen: "{polls} polls",
        likely: "each wake puts the task into the queue, though it is in there already; or each run polls all tasks; or a wake does not queue it",
        read: "hint 4",
    );
}

#[rstest]
#[case::once(1)]
#[case::twice(2)]
fn a_task_that_is_woken_in_its_poll_is_polled_once_more(#[case] wakes: usize) {
    let probe = Probe::default();
    let itself = probe.clone();
    let future = probe.acting(move |poll| {
        if poll == 1 {
            (0..wakes).for_each(|_| itself.waker().wake());
        }
    });
    let polls = on_a_thread("run_until_stalled sleeps", {
        let probe = probe.clone();
        move || {
            let executor = Executor::default();
            let _handle = executor.spawn(future);
            executor.run_until_stalled();
            probe.polls()
        }
    });
    require!(polls == 2,
        expected: "2 polls: one for the spawn, one for all wakes in the middle of it",
        seen: "{polls} polls",
        likely: "1: the wake is forgotten when the poll ends, or finds no task, which is out of its place while it is polled. 3: the note `is queued` is not taken back before the poll, or not looked at",
        read: "hint 4",
    );
}

#[test]
fn a_task_is_polled_only_for_a_wake_of_its_own() {
    let (probe, other) = (Probe::default(), Probe::default());
    let (future, others) = (probe.future(), other.future());
    let seen = on_a_thread("run_until_stalled sleeps", {
        let (probe, other) = (probe.clone(), other.clone());
        move || {
            let executor = Executor::default();
            let _handles = (executor.spawn(future), executor.spawn(others));
            executor.run_until_stalled();
            for _ in 0..5 {
                other.waker().wake();
                executor.run_until_stalled();
            }
            [probe.polls(), other.polls()]
        }
    });
    require!(seen == [1, 6],
        expected: "[1, 6] polls: the second of two tasks was woken five times, the first never",
        seen: "{seen:?}",
        likely: "all tasks are polled when one was woken: a waker has to know which task it wakes",
        read: "hint 4",
    );
}

#[test]
fn every_waker_of_a_task_wakes_it() {
    let probe = Probe::default();
    let future = probe.future();
    let polls = on_a_thread("run_until_stalled sleeps", {
        let probe = probe.clone();
        move || {
            let executor = Executor::default();
            let _handle = executor.spawn(future);
            executor.run_until_stalled();
            for _ in 0..2 {
                probe.first_waker().wake();
                executor.run_until_stalled();
            }
            probe.polls()
        }
    });
    require!(polls == 3,
        expected: "3 polls: the waker of the first poll was used after the first and after the second",
        seen: "{polls} polls",
        likely: "a waker that is good for one wake, or for the poll it was made for: part of a future may keep an older one",
        read: "README, the task",
    );
}

#[test]
fn a_wake_of_a_finished_task_does_nothing() {
    let (old, young) = (Probe::default(), Probe::default());
    let itself = old.clone();
    // It is woken in the poll in which it gets ready, too.
    let last = old.acting(move |_| itself.waker().wake());
    old.open();
    let next = young.future();
    let seen = on_a_thread("a finished task that is woken is waited for", {
        let (old, young) = (old.clone(), young.clone());
        move || {
            let executor = Executor::default();
            drop(executor.spawn(last));
            executor.run();
            old.waker().wake();
            executor.run();
            let _handle = executor.spawn(next);
            executor.run_until_stalled();
            old.waker().wake();
            executor.run_until_stalled();
            [old.polls(), young.polls()]
        }
    });
    require!(seen == [1, 1],
        expected: "[1, 1] polls of a task that was ready at once, and of one that was spawned after it",
        seen: "{seen:?}",
        likely: "a finished task is polled again; or its place in a table, its number, belongs to the next task now, which is woken in its stead",
        read: "README, the task",
    );
}

#[test]
fn a_wake_of_a_finished_task_keeps_no_other_from_its_turn() {
    let diary = Diary::default();
    on_a_thread("a finished task that is woken is waited for", {
        let pen = diary.clone();
        move || {
            let executor = Executor::default();
            drop(executor.spawn(poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Ready(())
            })));
            drop(executor.spawn(async move {
                for step in 1..=3 {
                    pen.write(step.to_string());
                    give_way().await;
                }
            }));
            executor.run_until_stalled();
        }
    });
    let seen = diary.text();
    require!(seen == "1 2 3",
        expected: "1 2 3, the steps of a task beside one that was woken in its last poll",
        seen: "{seen}",
        likely: "a finished task that is still in the queue ends the run: go on with the next",
        read: "README, the task",
    );
}

#[test]
fn run_sleeps_while_no_task_is_queued() {
    let (threads, probe) = (Threads::new(), Probe::default());
    let future = probe.future();
    let runner = threads.spawn("run", move || {
        let executor = Executor::default();
        let _handle = executor.spawn(future);
        executor.run();
    });
    let settled = threads.settle();
    let (is_finished, polls) = (runner.is_finished(), probe.polls());
    require!(settled == Settled::AtRest,
        expected: "run to sleep: its only task waits",
        seen: "{settled:?}: it looks again and again",
        likely: "run calls run_until_stalled in a loop, and nothing sleeps in between",
        read: "hint 4",
    );
    require!(!is_finished && polls == 1,
        expected: "run to wait for its task, after 1 poll",
        seen: "run has returned: {is_finished}, {polls} polls",
        likely: "run returns when the queue is empty, though a task is left; or a sleep that ended for no reason is taken for a wake",
        read: "README, the task",
    );
    probe.open_and_wake();
    runner.join("a wake queues the task, and nobody wakes run; or run sleeps when the last task has finished", "hint 4");
}

#[test]
fn a_task_that_is_spawned_wakes_a_run_that_sleeps() {
    let (threads, probe, late) = (Threads::new(), Probe::default(), Probe::default());
    let executor = Arc::new(Executor::default());
    drop(executor.spawn(probe.future()));
    let runner = threads.spawn("run", {
        let executor = Arc::clone(&executor);
        move || executor.run()
    });
    threads.come_to_rest();
    late.open();
    drop(executor.spawn(late.future()));
    threads.come_to_rest();
    let polls = [probe.polls(), late.polls()];
    require!(polls == [1, 1],
        expected: "[1, 1] polls: the second task was spawned while run slept",
        seen: "{polls:?}",
        likely: "spawn queues, and does not wake run",
        read: "hint 4",
    );
    probe.open_and_wake();
    runner.join("run sleeps although no task is left", "hint 4");
}

#[test]
fn tasks_are_polled_on_the_thread_of_run() {
    let (threads, probe) = (Threads::new(), Probe::default());
    let polled_on = Arc::new(Mutex::new(Vec::new()));
    let future = probe.acting({
        let polled_on = Arc::clone(&polled_on);
        move |_| polled_on.lock().unwrap().push(thread::current().id())
    });
    let runner = threads.spawn("run", move || {
        let executor = Executor::default();
        let _handle = executor.spawn(future);
        executor.run();
        thread::current().id()
    });
    threads.come_to_rest();
    probe.open_and_wake();
    let runner = runner.join("the wake of a task does not wake run", "hint 4");
    let polled_on = polled_on.lock().unwrap();
    let elsewhere = polled_on.iter().filter(|thread| **thread != runner).count();
    let polls = polled_on.len();
    require!((polls, elsewhere) == (2, 0),
        expected: "2 polls, all on the thread of run",
        seen: "{polls} polls, {elsewhere} of them on another thread",
        likely: "wake polls the task itself: it may be called from any thread, and in the middle of a poll; it only queues",
        read: "hint 4",
    );
}

#[rstest]
#[case::run_until_stalled(|executor: &Executor| executor.run_until_stalled())]
#[case::run(|executor: &Executor| executor.run())]
fn a_task_spawns_tasks(#[case] run: fn(&Executor)) {
    let likely = "the queue is locked while a task is polled: take the task out, unlock, then poll";
    let seen = on_a_thread(likely, move || {
        let (executor, diary) = (Arc::new(Executor::default()), Diary::default());
        let (weak, pen) = (Arc::downgrade(&executor), diary.clone());
        drop(executor.spawn(async move {
            for name in ["b", "c"] {
                let pen = pen.clone();
                let executor = Weak::upgrade(&weak).expect("the test holds the executor");
                drop(executor.spawn(async move { pen.write(name) }));
            }
            pen.write("a");
        }));
        run(&executor);
        diary.text()
    });
    require!(seen == "a b c",
        expected: "a b c: a task spawns two others, and is done",
        seen: "{seen}",
        likely: "spawn polls at once, or a task that was spawned in the middle of a poll is lost",
        read: "README, the task",
    );
}

#[test]
fn three_hundred_tasks_wait_side_by_side() {
    const TASKS: usize = 300;
    let seen = on_a_thread("one of 300 tasks is not woken", || {
        let executor = Executor::default();
        let probes: Vec<Probe> = (0..TASKS).map(|_| Probe::default()).collect();
        let _handles: Vec<_> = probes.iter().map(|probe| executor.spawn(probe.future())).collect();
        executor.run_until_stalled();
        probes.iter().rev().step_by(2).for_each(Probe::open_and_wake);
        executor.run_until_stalled();
        probes.iter().step_by(2).for_each(Probe::open_and_wake);
        executor.run();
        probes.iter().filter(|probe| probe.polls() == 2).count()
    });
    require!(seen == TASKS,
        expected: "2 polls of each of {TASKS} tasks",
        seen: "2 polls of {seen}",
        likely: "the queue or the numbers of tasks have a bound",
        read: "README, the task",
    );
}

// JoinHandle

/// What a handle has brought, in words.
fn told<T: ToString>(outcome: Result<T, JoinError>) -> String {
    match outcome {
        Ok(output) => format!("Ok({})", output.to_string()),
        Err(None) => "Err(None)".to_owned(),
        Err(Some(panic)) => match panic.downcast_ref::<&str>() {
            Some(text) => format!("Err(Some({text}))"),
            None => "Err(Some(something else))".to_owned(),
        },
    }
}

/// What a handle has brought by now.
fn now<T: ToString + Unpin>(handle: &mut JoinHandle<T>) -> String {
    match poll_with(handle, Waker::noop()) {
        Poll::Ready(outcome) => told(outcome),
        Poll::Pending => "Pending".to_owned(),
    }
}

#[test]
fn a_handle_brings_the_output() {
    let seen = on_a_thread("the handle is not ready though the task has finished", || {
        let executor = Executor::default();
        let mut handle = executor.spawn(async { 7 });
        let before = now(&mut handle);
        executor.run();
        [before, told(block_on(handle))]
    });
    require!(seen == ["Pending", "Ok(7)"],
        expected: "Pending before the run, Ok(7) after it",
        seen: "{seen:?}",
        likely: "the output of the future is dropped; the handle and the task need a place that both reach",
        read: "hint 5",
    );
}

#[test]
fn a_task_waits_for_another_by_its_handle() {
    let (seen, polls) = on_a_thread("the task that waits for the handle is not woken", || {
        let (executor, probe, waits) = (Executor::default(), Probe::default(), Probe::default());
        let handle = executor.spawn(probe.future());
        // Beside the handle stands a future that counts the polls of its task.
        let both = executor.spawn(Join2::new(handle, waits.future()));
        waits.open();
        executor.run_until_stalled();
        probe.open_and_wake();
        executor.run();
        let (outcome, _) = block_on(both).expect("the task does not panic");
        (told(outcome), probe.polls())
    });
    require!((seen.as_str(), polls) == ("Ok(2)", 2),
        expected: "Ok(2), the output of a task that was ready at its second poll",
        seen: "{seen}, and {polls} polls of the task",
        likely: "the end of a task has to wake who polled its handle",
        read: "hint 5",
    );
}

#[test]
fn block_on_waits_for_a_task_of_another_thread() {
    let (threads, executor) = (Threads::new(), Arc::new(Executor::default()));
    let handle = executor.spawn(async { 7 });
    let waiter = threads.spawn("block_on", move || told(block_on(handle)));
    let settled = threads.settle();
    require!(settled == Settled::AtRest && !waiter.is_finished(),
        expected: "block_on of the handle to sleep: the task was not polled yet",
        seen: "{settled:?}",
        likely: "the handle's poll wakes at once, which is busy waiting, or it is ready without an output",
        read: "hint 5",
    );
    threads.spawn("run", move || executor.run());
    let seen = waiter.join(
        "the task's end wakes nobody: the handle has to keep the waker of its poll",
        "hint 5",
    );
    assert_eq!(seen, "Ok(7)", "the output of the task");
}

#[test]
fn a_handle_wakes_the_waker_of_its_last_poll() {
    let (seen, wakes) = on_a_thread("run_until_stalled sleeps", || {
        let executor = Executor::default();
        let mut handle = executor.spawn(async { 7 });
        let (old, old_waker) = counting();
        let (new, new_waker) = counting();
        for waker in [&old_waker, &new_waker, &new_waker] {
            assert!(poll_with(&mut handle, waker).is_pending());
        }
        let before = [old.get(), new.get()];
        assert_eq!(before, [0, 0], "wakes before the task has finished");
        executor.run_until_stalled();
        (now(&mut handle), [old.get(), new.get()])
    });
    require!(wakes == [0, 1],
        expected: "[0, 1] wakes: a handle was polled with one waker, then twice with another, which counts",
        seen: "{wakes:?}",
        likely: "the waker of the first poll is kept, or all of them: a handle may move to another task between two polls",
        read: "https://doc.rust-lang.org/std/future/trait.Future.html",
    );
    assert_eq!(seen, "Ok(7)", "what the handle has brought");
}

/// Polls a handle whenever it is woken, right there.
struct PollsAtOnce(Mutex<Option<JoinHandle<i32>>>, Diary);

impl Wake for PollsAtOnce {
    fn wake(self: Arc<Self>) {
        let handle = self.0.lock().unwrap().take();
        if let Some(mut handle) = handle {
            self.1.write(now(&mut handle));
        }
    }
}

#[test]
fn a_waker_may_poll_the_handle_at_once() {
    let likely = "the outcome is locked while the handle's waker is called: it may poll the handle. Unlock before you wake";
    let seen = on_a_thread(likely, || {
        let (executor, diary) = (Executor::default(), Diary::default());
        let mut handle = executor.spawn(async { 7 });
        let polls = Arc::new(PollsAtOnce(Mutex::default(), diary.clone()));
        assert!(poll_with(&mut handle, &Waker::from(Arc::clone(&polls))).is_pending());
        *polls.0.lock().unwrap() = Some(handle);
        executor.run_until_stalled();
        diary.text()
    });
    require!(seen == "Ok(7)",
        expected: "Ok(7) from a waker that polls the handle as soon as it is called",
        seen: "`{seen}`",
        likely: "the waker is called before the output is there",
        read: "hint 5",
    );
}

#[rstest]
#[case::at_its_first_poll(1)]
#[case::at_its_second_poll(2)]
fn a_panic_reaches_its_own_handle_and_no_other(#[case] panics_at: usize) {
    let (seen, polls) = on_a_thread(
        "a panic leaves a lock or a note behind, and run waits for a task that has ended",
        move || {
            let (executor, probe) = (Executor::default(), Probe::default());
            let itself = probe.clone();
            let future = probe.acting(move |poll| {
                itself.waker().wake();
                if poll == panics_at {
                    resume_unwind(Box::new("on purpose"));
                }
            });
            let handles = [
                executor.spawn(async {
                    give_way().await;
                    1
                }),
                executor.spawn(future_of(future)),
                executor.spawn(async {
                    give_way().await;
                    3
                }),
            ];
            let run = catch_unwind(AssertUnwindSafe(|| executor.run()));
            assert!(run.is_ok(), "the panic of a task came out of run");
            (handles.map(|mut handle| now(&mut handle)), probe.polls())
        },
    );
    let expected = ["Ok(1)", "Err(Some(on purpose))", "Ok(3)"];
    require!(seen == expected,
        expected: "{expected:?}: the second of three tasks panics",
        seen: "{seen:?}",
        likely: "the payload of catch_unwind is not handed on as it is, or the others are not polled any more",
        read: "https://doc.rust-lang.org/std/panic/fn.catch_unwind.html",
    );
    require!(polls == panics_at,
        expected: "{panics_at} polls of the task that panicked",
        seen: "{polls} polls",
        likely: "it is polled again after its panic, because it was woken before",
        read: "README, the task",
    );
}

/// Its output in fewer bits.
async fn future_of(future: impl Future<Output = usize>) -> i32 {
    i32::try_from(future.await).expect("a few polls")
}

#[test]
fn a_task_whose_handle_was_dropped_runs_on() {
    let probe = Probe::default();
    let seen = on_a_thread("run waits for a task whose handle is gone", {
        let probe = probe.clone();
        move || {
            let executor = Executor::default();
            drop(executor.spawn(probe.future()));
            executor.run_until_stalled();
            probe.open_and_wake();
            executor.run();
            [probe.polls(), probe.drops()]
        }
    });
    let [polls, drops] = seen;
    require!(seen == [2, 1],
        expected: "2 polls and 1 drop: the task goes on without its handle",
        seen: "{polls} polls and {drops} drops",
        likely: "the handle owns the task, or its drop cancels it",
        read: "the stub",
    );
}

// What is dropped, and when

/// Notes whether a future was dropped already, when it is woken.
struct SeesDrops(Probe, Diary);

impl Wake for SeesDrops {
    fn wake(self: Arc<Self>) {
        self.1.write(self.0.drops().to_string());
    }
}

#[rstest]
#[case::ready(false)]
#[case::panicked(true)]
fn a_finished_future_is_dropped_before_its_handle_is_ready(#[case] panics: bool) {
    let (seen, drops) = on_a_thread("run_until_stalled sleeps", move || {
        let (executor, probe, diary) = (Executor::default(), Probe::default(), Diary::default());
        probe.open();
        let mut handle = executor.spawn(probe.acting(move |_| {
            if panics {
                resume_unwind(Box::new("on purpose"));
            }
        }));
        let sees = Waker::from(Arc::new(SeesDrops(probe.clone(), diary.clone())));
        assert!(poll_with(&mut handle, &sees).is_pending());
        executor.run_until_stalled();
        // Its own wakers, which the probe has kept, do not keep it alive.
        (diary.text(), probe.drops())
    });
    require!(drops == 1,
        expected: "1 drop of the future when it has finished, though wakers and the handle are left",
        seen: "{drops} drops",
        likely: "the wakers own the future: take it out of what they share when it has finished",
        read: "hint 6",
    );
    require!(seen == "1",
        expected: "the future to be dropped when the handle's waker is called",
        seen: "`{seen}` drops at that moment",
        likely: "the outcome is told first, and the future dropped after that; a local variable lives until the end of its block",
        read: "hint 6",
    );
}

/// In which state a task is when its executor is dropped.
#[derive(Clone, Copy, PartialEq)]
enum State {
    NeverPolled,
    Sleeping,
    Queued,
    Finished,
}

#[rstest]
#[case::never_polled(State::NeverPolled, "Err(None)")]
#[case::sleeping(State::Sleeping, "Err(None)")]
#[case::queued_again(State::Queued, "Err(None)")]
#[case::finished(State::Finished, "Ok(1)")]
fn a_dropped_executor_drops_each_task(#[case] state: State, #[case] expected: &str) {
    let (seen, drops, polls, wakes) =
        on_a_thread("the drop of the executor waits for something", move || {
            let (executor, probe) = (Executor::default(), Probe::default());
            if state == State::Finished {
                probe.open();
            }
            let mut handle = executor.spawn(probe.future());
            let (count, waker) = counting();
            assert!(poll_with(&mut handle, &waker).is_pending());
            if state != State::NeverPolled {
                executor.run_until_stalled();
            }
            if state == State::Queued {
                probe.waker().wake();
            }
            let polls = probe.polls();
            drop(executor);
            let drops = probe.drops();
            if state != State::NeverPolled {
                probe.waker().wake();
            }
            (now(&mut handle), drops, probe.polls() - polls, count.get())
        });
    require!(drops == 1,
        expected: "1 drop of the task's future, when the executor is dropped or before",
        seen: "{drops} drops",
        likely: "wakers own the task, and the task its wakers, in a circle: nobody is the last owner. Drop the futures in the executor's drop",
        read: "hint 6",
    );
    require!(seen == expected,
        expected: "the handle to bring {expected}",
        seen: "{seen}",
        likely: "a task that ends without an output has to tell its handle, too: by a destructor",
        read: "hint 6",
    );
    require!((polls, wakes) == (0, 1),
        expected: "no poll after the drop, and 1 wake of the handle's waker",
        seen: "{polls} polls, {wakes} wakes",
        likely: "the drop of the executor polls its tasks, or tells the outcome without a wake",
        read: "hint 6",
    );
}

#[test]
fn who_waits_for_a_task_hears_of_the_executors_drop() {
    let (threads, executor) = (Threads::new(), Executor::default());
    let handle = executor.spawn(future::pending::<i32>());
    let waiter = threads.spawn("block_on", move || told(block_on(handle)));
    threads.come_to_rest();
    drop(executor);
    let seen = waiter.join("the executor's drop tells no handle that its task is gone", "hint 6");
    require!(seen == "Err(None)",
        expected: "Err(None): the executor was dropped before the task had finished",
        seen: "{seen}",
        likely: "None says that there was no panic; `Some` is a panic's payload",
        read: "the stub",
    );
}

/// Calls back when it is dropped.
struct AtDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for AtDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[rstest]
#[case::finished(false)]
#[case::with_its_executor(true)]
fn a_destructor_may_wake(#[case] with_its_executor: bool) {
    let likely = "a future is dropped under a lock that a wake takes, too: take it out, unlock, then drop it";
    let [polls, wakes] = on_a_thread(likely, move || {
        let (executor, probe, sleeper) = (Executor::default(), Probe::default(), Probe::default());
        let wakes = Arc::new(AtomicUsize::new(0));
        let _sleeper = executor.spawn(sleeper.future());
        let at_drop = AtDrop({
            let (probe, sleeper, wakes) = (probe.clone(), sleeper.clone(), Arc::clone(&wakes));
            move || {
                probe.waker().wake();
                sleeper.waker().wake();
                wakes.fetch_add(1, SeqCst);
            }
        });
        let _handle = executor.spawn(probe.acting(move |_| {
            let _held = &at_drop;
        }));
        executor.run_until_stalled();
        if !with_its_executor {
            probe.open_and_wake();
            executor.run_until_stalled();
        }
        drop(executor);
        [sleeper.polls(), wakes.load(SeqCst)]
    });
    let expected = if with_its_executor { 1 } else { 2 };
    require!((polls, wakes) == (expected, 1),
        expected: "1 call of a destructor that wakes a task, and {expected} polls of that task",
        seen: "{wakes} calls, {polls} polls",
        likely: "the future is dropped later than it should be, or a wake during its drop is lost",
        read: "README, the task",
    );
}

/// Calls back when it wakes.
struct AtWake<F: Fn()>(F);

impl<F: Fn() + Send + Sync> Wake for AtWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// What runs of others when a task ends.
#[derive(Debug, Clone, Copy)]
enum OfOthers {
    DestructorOfTheFuture,
    DestructorOfAnOutputThatNobodyTakes,
    WakerOfTheHandle,
}

#[rstest]
#[case::the_destructor_of_its_future(OfOthers::DestructorOfTheFuture)]
#[case::the_destructor_of_an_output_that_nobody_takes(
    OfOthers::DestructorOfAnOutputThatNobodyTakes
)]
#[case::the_waker_of_its_handle(OfOthers::WakerOfTheHandle)]
fn what_the_end_of_the_last_task_spawns_is_run(#[case] who: OfOthers) {
    let likely = "a lock is held while a future or an output is dropped, or a waker is called: what they run may spawn";
    let seen = on_a_thread(likely, move || {
        let (executor, diary) = (Arc::new(Executor::default()), Diary::default());
        let spawn = {
            let (weak, pen) = (Arc::downgrade(&executor), diary.clone());
            move || {
                let pen = pen.clone();
                let executor = Weak::upgrade(&weak).expect("the test holds the executor");
                drop(executor.spawn(async move { pen.write("b") }));
            }
        };
        let pen = diary.clone();
        // A handle that is dropped has no waker any more.
        let mut handle = None;
        match who {
            OfOthers::DestructorOfTheFuture => {
                let at_drop = AtDrop(spawn);
                drop(executor.spawn(poll_fn(move |_| {
                    let _held = &at_drop;
                    pen.write("a");
                    Poll::Ready(())
                })));
            }
            OfOthers::DestructorOfAnOutputThatNobodyTakes => {
                drop(executor.spawn(async move {
                    pen.write("a");
                    AtDrop(spawn)
                }));
            }
            OfOthers::WakerOfTheHandle => {
                let handle = handle.insert(executor.spawn(async move { pen.write("a") }));
                let waker = Waker::from(Arc::new(AtWake(spawn)));
                assert!(poll_with(handle, &waker).is_pending(), "nothing was run yet");
            }
        }
        executor.run();
        diary.text()
    });
    require!(seen == "a b",
        expected: "a b: what runs at the end of the last task spawns another, and `run` goes on",
        seen: "{seen}",
        likely: "whether a task is left is looked at before the last one has quite ended: its destructors and its waker may spawn",
        read: "README, the task",
    );
}

/// What happens in one round of many; it counts, once, that it was there.
type Round = fn(&Executor, Here);

/// Counts.
#[derive(Clone, Default)]
struct Here(Arc<AtomicUsize>);

impl Here {
    fn is(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[rstest]
#[case::a_task_that_is_ready_at_once(|executor: &Executor, here: Here| {
    drop(executor.spawn(async move { here.is() }));
    executor.run();
})]
#[case::a_task_that_is_woken(|executor: &Executor, here: Here| {
    drop(executor.spawn(async move {
        give_way().await;
        here.is();
    }));
    executor.run();
})]
#[case::a_task_that_is_woken_in_its_last_poll(|executor: &Executor, here: Here| {
    drop(executor.spawn(poll_fn(move |context| {
        context.waker().wake_by_ref();
        here.is();
        Poll::Ready(())
    })));
    executor.run();
})]
#[case::a_task_that_panics(|executor: &Executor, here: Here| {
    drop(executor.spawn(poll_fn(move |_| -> Poll<()> {
        here.is();
        resume_unwind(Box::new(()))
    })));
    executor.run();
})]
#[case::a_handle_that_is_joined(|executor: &Executor, here: Here| {
    let handle = executor.spawn(async { 7 });
    executor.run();
    if block_on(handle).is_ok_and(|output| output == 7) {
        here.is();
    }
})]
#[case::an_executor_that_is_dropped_with_a_task_that_was_woken(|_: &Executor, here: Here| {
    let (executor, probe) = (Executor::default(), Probe::default());
    drop(executor.spawn(probe.acting(move |_| here.is())));
    executor.run_until_stalled();
    probe.waker().wake();
    drop(executor);
})]
#[case::a_task_that_is_woken_when_its_executor_is_gone(|_: &Executor, here: Here| {
    let (executor, probe) = (Executor::default(), Probe::default());
    drop(executor.spawn(probe.acting(move |_| here.is())));
    executor.run_until_stalled();
    drop(executor);
    probe.waker().wake();
})]
#[case::a_task_that_is_never_polled(|_: &Executor, here: Here| {
    let executor = Executor::default();
    let handle = executor.spawn(async { 7 });
    drop(executor);
    if matches!(block_on(handle), Err(None)) {
        here.is();
    }
})]
#[case::a_task_that_is_woken_after_its_end(|executor: &Executor, here: Here| {
    let probe = Probe::default();
    probe.open();
    drop(executor.spawn(probe.acting(move |_| here.is())));
    executor.run();
    probe.waker().wake();
})]
fn nothing_is_kept_of_what_has_gone(#[case] round: Round) {
    let likely = "run waits for a task that has finished";
    let (Growth { bytes, .. }, rounds) = on_a_thread(likely, move || {
        let (executor, here) = (Executor::default(), Here::default());
        let growth = growth(|_| round(&executor, here.clone()));
        (growth, here.0.load(SeqCst))
    });
    require!(rounds == 10_010,
        expected: "10010 rounds, in each of which one thing is done once",
        seen: "it was done {rounds} times",
        likely: "a task is not polled, or is polled or dropped twice",
        read: "README, the task",
    );
    require!(bytes <= 10_000,
        expected: "after 10000 tasks as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "finished tasks stay in a table or in the queue; or a task, its wakers and the queue own each other in a circle",
        read: "hint 6",
    );
}

#[test]
fn an_output_that_nobody_takes_is_dropped() {
    let likely = "run_until_stalled sleeps";
    let drops = on_a_thread(likely, || {
        let drops = Arc::new(AtomicUsize::new(0));
        let output = || {
            let drops = Arc::clone(&drops);
            AtDrop(move || {
                drops.fetch_add(1, SeqCst);
            })
        };
        let executor = Executor::default();
        let (one, other) = (output(), output());
        drop(executor.spawn(async { one }));
        let handle = executor.spawn(async { other });
        executor.run_until_stalled();
        let first = drops.load(SeqCst);
        drop(handle);
        [first, drops.load(SeqCst)]
    });
    require!(drops == [1, 2],
        expected: "[1, 2] drops of outputs: one of a task without a handle, one with a handle that was dropped later",
        seen: "{drops:?}",
        likely: "the place of the outcome lives on: in a table, or in a waker",
        read: "hint 6",
    );
}

// The law of turns: what any tasks do in their polls, and what a queue would make of it

/// What a task does in one of its polls.
#[derive(Clone, Debug)]
enum Act {
    /// Uses the last waker of this task; if it has none, or is the one that is polled, nothing.
    Wake(usize),
    /// Spawns this task, unless it was spawned before.
    Spawn(usize),
}

/// How a poll ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Pending,
    /// Pending, and woken by itself just before.
    Woken,
    Ready,
    WokenAndReady,
    /// The same, with a panic.
    Panics,
}

/// The polls of one task; when all are over, it is ready.
type Script = Vec<(Vec<Act>, End)>;

/// Tasks of the same scripts, as they should be: a queue, and a note for each task whether it is in there.
#[derive(Default)]
struct Model {
    queue: VecDeque<usize>,
    /// The polls so far of those that were spawned.
    polls: BTreeMap<usize, usize>,
    outcomes: BTreeMap<usize, String>,
    diary: Vec<String>,
}

impl Model {
    fn spawn(&mut self, task: usize) {
        if self.polls.insert(task, 0).is_none() {
            self.queue.push_back(task);
        } else {
            unreachable!("a task is spawned once");
        }
    }

    fn wake(&mut self, task: usize) {
        let was_polled = self.polls.get(&task).is_some_and(|polls| *polls > 0);
        if was_polled && !self.outcomes.contains_key(&task) && !self.queue.contains(&task) {
            self.queue.push_back(task);
        }
    }

    fn run(&mut self, scripts: &[Script]) {
        while let Some(task) = self.queue.pop_front() {
            let polls = self.polls.get_mut(&task).expect("what is queued was spawned");
            *polls += 1;
            let number = *polls;
            self.diary.push(format!("{task}.{number}"));
            let (acts, end) =
                scripts[task].get(number - 1).cloned().unwrap_or((vec![], End::Ready));
            for act in acts {
                match act {
                    Act::Wake(other) if other != task => self.wake(other),
                    Act::Spawn(other) if !self.polls.contains_key(&other) => self.spawn(other),
                    Act::Wake(_) | Act::Spawn(_) => {}
                }
            }
            match end {
                End::Pending => None,
                End::Woken => {
                    self.queue.push_back(task);
                    None
                }
                End::Ready | End::WokenAndReady => {
                    self.outcomes.insert(task, format!("Ok({number})"))
                }
                End::Panics => self.outcomes.insert(task, "Err(Some(on purpose))".to_owned()),
            };
        }
    }
}

/// The tasks of the learner's executor, in the hands of their scripts.
#[derive(Clone)]
struct Stage {
    executor: Weak<Executor>,
    scripts: Arc<Vec<Script>>,
    wakers: Arc<Mutex<BTreeMap<usize, Waker>>>,
    handles: Arc<Mutex<BTreeMap<usize, JoinHandle<usize>>>>,
    diary: Diary,
}

impl Stage {
    fn spawn(&self, task: usize) {
        let executor = self.executor.upgrade().expect("the test holds the executor");
        let (stage, mut number) = (self.clone(), 0);
        let future = poll_fn(move |context| {
            number += 1;
            stage.poll(task, number, context.waker())
        });
        let handle = executor.spawn(future);
        self.handles.lock().unwrap().insert(task, handle);
    }

    fn is_spawned(&self, task: usize) -> bool {
        self.handles.lock().unwrap().contains_key(&task)
    }

    fn wake(&self, task: usize) {
        let waker = self.wakers.lock().unwrap().get(&task).cloned();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, task: usize, number: usize, waker: &Waker) -> Poll<usize> {
        self.diary.write(format!("{task}.{number}"));
        self.wakers.lock().unwrap().insert(task, waker.clone());
        let (acts, end) =
            self.scripts[task].get(number - 1).cloned().unwrap_or((vec![], End::Ready));
        for act in acts {
            match act {
                Act::Wake(other) if other != task => self.wake(other),
                Act::Spawn(other) if !self.is_spawned(other) => self.spawn(other),
                Act::Wake(_) | Act::Spawn(_) => {}
            }
        }
        match end {
            End::Pending => Poll::Pending,
            End::Woken => {
                waker.wake_by_ref();
                Poll::Pending
            }
            End::Ready => Poll::Ready(number),
            End::WokenAndReady => {
                waker.wake_by_ref();
                Poll::Ready(number)
            }
            End::Panics => {
                waker.wake_by_ref();
                resume_unwind(Box::new("on purpose"))
            }
        }
    }
}

/// The polls of all tasks and then the outcomes of their handles, by the model and by the learner's executor.
fn turns(scripts: Vec<Script>, rounds: &[Vec<usize>]) -> [String; 2] {
    let mut model = Model::default();
    let executor = Arc::new(Executor::default());
    let stage = Stage {
        executor: Arc::downgrade(&executor),
        scripts: Arc::new(scripts),
        wakers: Arc::default(),
        handles: Arc::default(),
        diary: Diary::default(),
    };
    for task in 0..2 {
        model.spawn(task);
        stage.spawn(task);
    }
    model.run(&stage.scripts);
    executor.run_until_stalled();
    for round in rounds {
        for &task in round {
            model.wake(task);
            stage.wake(task);
        }
        model.diary.push("|".to_owned());
        stage.diary.write("|");
        model.run(&stage.scripts);
        executor.run_until_stalled();
    }
    drop(executor);
    let dropped = || "Err(None)".to_owned();
    let mut expected = model.diary;
    expected.extend(
        model.polls.keys().map(|task| model.outcomes.get(task).cloned().unwrap_or_else(dropped)),
    );
    let mut handles = stage.handles.lock().unwrap();
    handles.values_mut().for_each(|handle| stage.diary.write(now(handle)));
    [expected.join(" "), stage.diary.text()]
}

const TASKS: usize = 4;

fn script() -> impl Strategy<Value = Script> {
    let act =
        prop_oneof![3 => (0..TASKS).prop_map(Act::Wake), 1 => (0..TASKS).prop_map(Act::Spawn)];
    let end = prop_oneof![
        5 => Just(End::Pending), 3 => Just(End::Woken), 1 => Just(End::Ready), 1 => Just(End::WokenAndReady), 1 => Just(End::Panics)
    ];
    collection::vec((collection::vec(act, 0..3), end), 0..5)
}

proptest! {
    #![proptest_config(Config {
        cases: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(testkit::seed(33)),
        ..Config::default()
    })]

    #[test]
    fn the_turns_are_those_of_a_queue(
        scripts in collection::vec(script(), TASKS),
        rounds in collection::vec(collection::vec(0..TASKS, 0..3), 0..4),
    ) {
        let given = format!("{scripts:?}, woken between the runs: {rounds:?}");
        let [expected, seen] = on_a_thread("a run of tasks that wake each other never returns", move || turns(scripts, &rounds));
        require!(seen == expected,
            expected: "`{expected}`, where 1.2 is the second poll of task 1 and | a return of run_until_stalled; at the end the outcomes",
            seen: "`{seen}`, for the tasks {given}",
            likely: "find the first poll that differs: a wake that is lost, one that is counted twice, or one out of its turn",
            read: "hint 4",
        );
    }
}
