//! What a poll sees of what was done before the wake.
//!
//! `src/executor.rs` is compiled here with atomics that are as weak as the memory model allows, for executors that
//! are built on atomics. A mutex orders everything by itself.

#![allow(clippy::drop_non_drop)] // the handle of the stub has no `Drop` yet

#[allow(dead_code)]
#[path = "../src/executor.rs"]
mod executor;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;

use executor::{Executor, block_on};
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::atomic::AtomicUsize;
use sync::thread::spawn_as;

const ORDERING: &str = "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html";

/// Shared, and never dropped: a schedule that fails unwinds its threads, and loom's objects do not like that.
fn kept<T>(value: T) -> ManuallyDrop<Arc<T>> {
    ManuallyDrop::new(Arc::new(value))
}

/// Its first poll starts a thread that writes, and then wakes; its second reads. Only the wake orders the two.
fn reads_what_a_waker_wrote() -> impl Future<Output = ()> + Send + 'static {
    let letter = kept(UnsafeCell::new(0));
    let mut is_first = true;
    poll_fn(move |context| {
        if !std::mem::replace(&mut is_first, false) {
            let read = letter.get();
            assert_eq!(read, 7, "what the waker wrote");
            return Poll::Ready(());
        }
        let (letter, waker) = (ManuallyDrop::clone(&letter), context.waker().clone());
        spawn_as("writer", move || {
            letter.set(7);
            waker.wake();
        });
        Poll::Pending
    })
}

/// Its first poll starts two threads that count, and then wake; it is ready when a poll has seen both.
fn counts_two_wakers() -> impl Future<Output = ()> + Send + 'static {
    let count = kept(AtomicUsize::new(0));
    let mut is_first = true;
    poll_fn(move |context| {
        if std::mem::replace(&mut is_first, false) {
            for name in ["T1", "T2"] {
                let (count, waker) = (ManuallyDrop::clone(&count), context.waker().clone());
                spawn_as(name, move || {
                    count.fetch_add(1, Relaxed);
                    waker.wake();
                });
            }
        }
        if count.load(Relaxed) == 2 { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Runs a task to its end. What breaks in it, the executor catches, so it is the end that is looked at.
fn run(future: impl Future<Output: Send> + Send + 'static) {
    // Not dropped: a schedule that fails unwinds its threads, and then a destructor must not lock.
    let executor = ManuallyDrop::new(Executor::default());
    let has_ended = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&has_ended);
    drop(executor.spawn(async move {
        future.await;
        ends.store(true, Relaxed);
    }));
    executor.run();
    assert!(has_ended.load(Relaxed), "run returned, and the task has not come to its end");
}

#[test]
fn block_on_sees_what_was_written_before_the_wake() {
    let expect = Expect {
        expected: "everything that was done before a wake to happen before the poll after it",
        likely: "the store of the flag is not a Release, or the load that sees it is not an Acquire",
        explains: Explains::AllThatIsStuck,
        read: ORDERING,
    };
    explore(expect, || {
        spawn_as("block_on", || block_on(reads_what_a_waker_wrote()));
    });
}

#[test]
fn a_task_sees_what_was_written_before_the_wake() {
    let expect = Expect {
        expected: "everything that was done before a wake to happen before the poll after it",
        likely: "the way of a task into the queue is not a Release, or the way out is not an Acquire",
        explains: Explains::AllThatIsStuck,
        read: ORDERING,
    };
    explore(expect, || {
        spawn_as("run", || run(reads_what_a_waker_wrote()));
    });
}

#[test]
fn block_on_sees_what_was_done_before_each_of_two_wakes() {
    let expect = Expect {
        expected: "a poll to see what was done before both wakes, also if the second one found the flag set",
        likely: "the flag is set, or taken back, with a store and not with a swap: of two wakes only the last one is seen then; or a waker that finds it set goes home without a Release",
        explains: Explains::AllThatIsStuck,
        read: ORDERING,
    };
    explore(expect, || {
        spawn_as("block_on", || block_on(counts_two_wakers()));
    });
}

#[test]
fn a_task_sees_what_was_done_before_each_of_two_wakes() {
    let expect = Expect {
        expected: "a poll to see what was done before both wakes, also if the second one found the task queued",
        likely: "the note `is queued` is taken back with a store and not with a swap: what a waker did that found it set is not seen then; or that waker goes home without a Release",
        explains: Explains::AllThatIsStuck,
        read: ORDERING,
    };
    explore(expect, || {
        spawn_as("run", || run(counts_two_wakers()));
    });
}

#[test]
fn who_joins_a_task_sees_what_it_wrote() {
    let expect = Expect {
        expected: "everything that a task did to happen before its handle is ready",
        likely: "the outcome is told by a flag that is no Release, or read by one that is no Acquire",
        explains: Explains::AllThatIsStuck,
        read: ORDERING,
    };
    explore(expect, || {
        let executor = Arc::new(ManuallyDrop::new(Executor::default()));
        let letter = Arc::new(UnsafeCell::new(0));
        let writes = Arc::clone(&letter);
        let handle = executor.spawn(async move { writes.set(7) });
        spawn_as("block_on", move || {
            assert!(block_on(handle).is_ok(), "the task does not panic");
            assert_eq!(letter.get(), 7, "what the task wrote");
        });
        spawn_as("run", move || executor.run());
    });
}
