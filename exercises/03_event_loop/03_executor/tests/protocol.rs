//! What holds in every schedule.
//!
//! `src/executor.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before each of its
//! steps, and in which a wait may wake up for no reason. Scenarios are run under thousands of schedules; one that
//! fails is shown.

#![allow(clippy::drop_non_drop)] // the handle of the stub has no `Drop` yet

#[allow(dead_code)]
#[path = "../src/executor.rs"]
mod executor;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use executor::{Executor, Join2, JoinError, block_on};
use rstest::rstest;
use schedules::shuttle::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::{spawn_as, yield_now};

/// Something that happens once, and that futures wait for.
#[derive(Clone, Default)]
struct Event(Arc<Inner>);

#[derive(Default)]
struct Inner {
    polls: AtomicUsize,
    drops: AtomicUsize,
    /// Whether it has happened, and whom to wake. No step of `crate::sync` is made under this lock.
    state: Mutex<(bool, Option<Waker>)>,
}

/// Ready when its event has happened.
struct Waits {
    event: Event,
    pace: Pace,
}

/// Whether others may act in the middle of a poll, beside its end.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Quick,
    Slow,
}

impl Event {
    fn happen(&self) {
        // A step: without one it would happen before anybody else does anything.
        yield_now();
        let waker = {
            let mut state = self.0.state.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Wakes who waits, though nothing has happened.
    fn wake_for_nothing(&self) {
        yield_now();
        let waker = self.0.state.lock().unwrap().1.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waits(&self, pace: Pace) -> Waits {
        Waits { event: self.clone(), pace }
    }

    fn polls(&self) -> usize {
        self.0.polls.load(SeqCst)
    }

    fn drops(&self) -> usize {
        self.0.drops.load(SeqCst)
    }
}

impl Future for Waits {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Waits { event, pace } = &*self;
        event.0.polls.fetch_add(1, SeqCst);
        let has_happened = {
            let mut state = event.0.state.lock().unwrap();
            if !state.0 {
                state.1 = Some(context.waker().clone());
            }
            state.0
        };
        if *pace == Pace::Slow {
            yield_now();
        }
        if has_happened { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.event.0.drops.fetch_add(1, SeqCst);
    }
}

/// What a handle has brought, in words.
fn told(outcome: Result<u32, JoinError>) -> String {
    match outcome {
        Ok(output) => format!("Ok({output})"),
        Err(None) => "Err(None)".to_owned(),
        Err(Some(_)) => "Err(Some)".to_owned(),
    }
}

#[rstest]
#[case::between_polls(Pace::Quick)]
#[case::in_a_poll(Pace::Slow)]
fn a_wake_at_any_moment_ends_the_sleep_of_block_on(#[case] pace: Pace) {
    let expect = Expect {
        expected: "block_on to poll once more after the wake, at whatever moment that comes",
        likely: "a wake between the end of a poll and the sleep is lost: the waker sets a flag under the lock under which the sleeper looks, and the flag is taken back before a poll",
        explains: Explains::LostWakeUps,
        read: "hint 2; https://doc.rust-lang.org/std/sync/struct.Condvar.html",
    };
    explore(expect, move || {
        let event = Event::default();
        let waits = event.waits(pace);
        let sleeper = spawn_as("sleeper", move || block_on(waits));
        event.happen();
        sleeper.join().unwrap();
        let polls = event.polls();
        assert!((1..=2).contains(&polls), "{polls} polls, and there was one wake");
    });
}

#[test]
fn of_two_wakes_of_block_on_none_is_lost() {
    let expect = Expect {
        expected: "block_on to end when both events have happened",
        likely: "a second wake, in the middle of the poll after the first, is lost: is the flag taken back after the poll, or set only if somebody sleeps?",
        explains: Explains::LostWakeUps,
        read: "hint 2",
    };
    explore(expect, || {
        let (one, other) = (Event::default(), Event::default());
        let both = Join2::new(one.waits(Pace::Slow), other.waits(Pace::Slow));
        let sleeper = spawn_as("sleeper", move || block_on(both));
        let (first, second) = (one.clone(), other.clone());
        spawn_as("first", move || first.happen());
        spawn_as("second", move || second.happen());
        sleeper.join().unwrap();
        let polls = one.polls().max(other.polls());
        assert!((1..=3).contains(&polls), "{polls} polls, and there were two wakes");
    });
}

#[rstest]
#[case::between_polls(Pace::Quick)]
#[case::in_a_poll(Pace::Slow)]
fn a_wake_at_any_moment_ends_the_sleep_of_run(#[case] pace: Pace) {
    let expect = Expect {
        expected: "run to poll the task once more after the wake, at whatever moment that comes, and then to return",
        likely: "run looks at the queue, unlocks, and then goes to sleep: a wake in between notifies nobody. Or a wake in the middle of a poll finds no task, and is forgotten",
        explains: Explains::LostWakeUps,
        read: "hint 4; https://doc.rust-lang.org/std/sync/struct.Condvar.html",
    };
    explore(expect, move || {
        let (executor, event) = (Executor::default(), Event::default());
        drop(executor.spawn(event.waits(pace)));
        let runner = spawn_as("run", move || executor.run());
        event.happen();
        runner.join().unwrap();
        let polls = event.polls();
        assert!((1..=2).contains(&polls), "{polls} polls, and there was one wake");
        assert_eq!(event.drops(), 1, "drops of the future");
    });
}

#[test]
fn of_two_wakes_of_a_task_none_is_lost() {
    let expect = Expect {
        expected: "the task to finish when both events have happened",
        likely: "the note `is queued` is taken back after the poll, so a wake in the middle of it is lost; or look and change are two steps",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let (executor, one, other) = (Executor::default(), Event::default(), Event::default());
        drop(executor.spawn(Join2::new(one.waits(Pace::Slow), other.waits(Pace::Slow))));
        let runner = spawn_as("run", move || executor.run());
        let (first, second) = (one.clone(), other.clone());
        spawn_as("first", move || first.happen());
        spawn_as("second", move || second.happen());
        runner.join().unwrap();
        let polls = one.polls().max(other.polls());
        assert!((1..=3).contains(&polls), "{polls} polls, and there were two wakes");
    });
}

#[test]
fn a_future_is_polled_by_one_thread_at_a_time() {
    let expect = Expect {
        expected: "one poll at a time, whoever wakes meanwhile",
        likely: "the waker polls the task itself, or the task is in the queue twice",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, || {
        let (executor, event) = (Executor::default(), Event::default());
        let desk = Arc::new(UnsafeCell::new(0));
        let mut waits = event.waits(Pace::Slow);
        drop(executor.spawn(std::future::poll_fn(move |context| {
            desk.set(desk.get() + 1);
            Pin::new(&mut waits).poll(context)
        })));
        let runner = spawn_as("run", move || executor.run());
        let nobody = event.clone();
        spawn_as("waker", move || nobody.wake_for_nothing());
        event.happen();
        runner.join().unwrap();
        assert!(event.polls() > 0, "the task was not polled");
    });
}

#[test]
fn a_spawn_at_any_moment_is_polled() {
    let expect = Expect {
        expected: "run to poll what another thread spawns, at whatever moment that comes",
        likely: "spawn comes between run's look at the queue and its sleep, or it wakes run before the task is in the queue, or not at all",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let (executor, event) = (Arc::new(Executor::default()), Event::default());
        drop(executor.spawn(event.waits(Pace::Quick)));
        let runner = spawn_as("run", {
            let executor = Arc::clone(&executor);
            move || executor.run()
        });
        // Only the second task ends the wait of the first.
        let happens = event.clone();
        drop(executor.spawn(async move { happens.happen() }));
        runner.join().unwrap();
        assert!(event.polls() > 0, "the first task was not polled");
    });
}

#[test]
fn a_spawn_when_run_is_about_to_return_is_polled_by_this_run_or_the_next() {
    let expect = Expect {
        expected: "a task that is spawned while run returns to be polled by this run, or by the next one",
        likely: "run ends with a step that forgets what was queued meanwhile, or the number of tasks is counted beside the lock",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, || {
        let executor = Arc::new(Executor::default());
        drop(executor.spawn(async {}));
        let runner = spawn_as("run", {
            let executor = Arc::clone(&executor);
            move || executor.run()
        });
        let handle = executor.spawn(async { 7 });
        runner.join().unwrap();
        executor.run();
        assert_eq!(told(block_on(handle)), "Ok(7)", "what the handle brings");
    });
}

#[rstest]
#[case::ready(false, "Ok(7)")]
#[case::panicked(true, "Err(Some)")]
fn a_task_that_ends_wakes_who_waits_for_it(#[case] panics: bool, #[case] outcome: &'static str) {
    let expect = Expect {
        expected: "block_on of a handle to end when the task has ended, at whatever moment that is",
        likely: "the handle looks for the outcome and keeps its waker in two steps: the task may end in between. Or the outcome is told after the wake",
        explains: Explains::LostWakeUps,
        read: "hint 5",
    };
    explore(expect, move || {
        let executor = Executor::default();
        let handle = executor.spawn(async move {
            if panics {
                resume_unwind(Box::new("on purpose"));
            }
            7
        });
        let waiter = spawn_as("block_on", move || told(block_on(handle)));
        executor.run();
        assert_eq!(waiter.join().unwrap(), outcome, "what the handle brings");
    });
}

#[test]
fn an_executor_that_is_dropped_wakes_who_waits_for_its_task() {
    let expect = Expect {
        expected: "block_on of a handle to end when the executor is dropped, at whatever moment that is",
        likely: "the handle looks for the outcome and keeps its waker in two steps, or a task that is dropped tells nobody",
        explains: Explains::LostWakeUps,
        read: "hint 6",
    };
    explore(expect, || {
        let (executor, event) = (Executor::default(), Event::default());
        let waits = event.waits(Pace::Quick);
        let handle = executor.spawn(async {
            waits.await;
            7
        });
        let waiter = spawn_as("block_on", move || told(block_on(handle)));
        executor.run_until_stalled();
        drop(executor);
        assert_eq!(waiter.join().unwrap(), "Err(None)", "what the handle brings");
    });
}

#[test]
fn a_wake_while_the_executor_is_dropped_harms_nothing() {
    let expect = Expect {
        expected: "a wake and the drop of the executor at the same time: the future is dropped once, and both go on",
        likely: "futures are dropped under a lock that the waker takes, too, or a wake puts the task back into a queue that nobody empties any more",
        explains: Explains::AllThatIsStuck,
        read: "hint 6",
    };
    explore(expect, || {
        let (executor, event) = (Executor::default(), Event::default());
        drop(executor.spawn(event.waits(Pace::Slow)));
        executor.run_until_stalled();
        let waker = event.0.state.lock().unwrap().1.clone().expect("the task was polled");
        let wake = spawn_as("waker", {
            let waker = waker.clone();
            move || waker.wake()
        });
        drop(executor);
        wake.join().unwrap();
        let seen = (event.polls(), event.drops());
        assert_eq!(seen, (1, 1), "polls and drops, while a waker is left");
        waker.wake();
    });
}

#[test]
fn a_late_wake_reaches_no_other_task() {
    let expect = Expect {
        expected: "a wake of a task that finishes meanwhile to reach nobody else, and to keep run from nothing",
        likely: "the waker names a place in a table, and the place has a new owner; or run waits for a task that was woken after its end",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let (executor, old, young) = (Executor::default(), Event::default(), Event::default());
        drop(executor.spawn(old.waits(Pace::Slow)));
        executor.run_until_stalled();
        let waker = old.0.state.lock().unwrap().1.clone().expect("the task was polled");
        let wake = spawn_as("waker", move || waker.wake());
        old.happen();
        executor.run();
        let handle = executor.spawn(young.waits(Pace::Slow));
        executor.run_until_stalled();
        wake.join().unwrap();
        executor.run_until_stalled();
        let polls = (old.polls(), young.polls());
        assert!(
            polls.0 <= 3 && polls.1 == 1,
            "{polls:?} polls of the finished task and of the next one"
        );
        young.happen();
        executor.run();
        assert!(block_on(handle).is_ok(), "the next task finishes");
    });
}
