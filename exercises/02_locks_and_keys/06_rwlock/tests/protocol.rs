//! What holds in every schedule.
//!
//! `src/rwlock.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before
//! each of its steps, and in which a wait may wake up for no reason. Scenarios are run under thousands
//! of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/rwlock.rs"]
mod rwlock;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;
// What the scenarios count is none of the steps between which a thread is interrupted.
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use rwlock::RawRwLock;
use schedules::shuttle::{explore, explore_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use sync::UnsafeCell;
use sync::thread::{JoinHandle, spawn_as};

/// The mistake that breaks a scenario, and the one by which a wake-up is lost in it.
macro_rules! likely {
    ($mistake:literal) => {
        concat!(
            $mistake,
            "; if a wake-up is lost: it came between a check and the sleep after it, or went to a thread that cannot go on (hint 3)"
        )
    };
}

/// A thread that does one thing with the lock.
fn thread<T: Send + 'static>(
    name: &str,
    lock: &Arc<RawRwLock>,
    body: impl FnOnce(&RawRwLock) -> T + Send + 'static,
) -> JoinHandle<T> {
    let lock = Arc::clone(lock);
    spawn_as(name, move || body(&lock))
}

fn read_and_leave(lock: &RawRwLock) {
    lock.read();
    lock.unlock_read();
}

fn write_and_leave(lock: &RawRwLock) {
    lock.write();
    lock.unlock_write();
}

/// A writer that counts itself once it is inside.
fn counted_writer(name: &str, lock: &Arc<RawRwLock>, writers: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let writers = Arc::clone(writers);
    thread(name, lock, move |lock| {
        lock.write();
        writers.fetch_add(1, Ordering::SeqCst);
        lock.unlock_write();
    })
}

/// A reader that asserts, once it is inside, that all so many writers have been there before.
fn reader_after(
    name: &str,
    lock: &Arc<RawRwLock>,
    writers: &Arc<AtomicUsize>,
    all: usize,
    get_in: fn(&RawRwLock) -> bool,
) -> JoinHandle<()> {
    let (reader, writers) = (name.to_owned(), Arc::clone(writers));
    thread(name, lock, move |lock| {
        if get_in(lock) {
            let been = writers.load(Ordering::SeqCst);
            assert!(been == all, "{reader} is inside, and {been} of {all} writers have been there");
            lock.unlock_read();
        }
    })
}

fn by_read(lock: &RawRwLock) -> bool {
    lock.read();
    true
}

fn by_write(lock: &RawRwLock) -> bool {
    lock.write();
    true
}

#[test]
fn two_readers_are_inside_together() {
    let expect = Expect {
        expected: "two readers to get in, though neither of them leaves",
        likely: "readers exclude each other",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        thread("R1", &lock, RawRwLock::read);
        thread("R2", &lock, RawRwLock::read);
    });
}

#[rstest]
#[case::by_write_and_write(by_write, by_write)]
#[case::by_write_and_try_write(by_write, RawRwLock::try_write)]
#[case::by_try_write_and_try_write(RawRwLock::try_write, RawRwLock::try_write)]
fn two_writers_are_never_inside_together(
    #[case] first: fn(&RawRwLock) -> bool,
    #[case] second: fn(&RawRwLock) -> bool,
) {
    let expect = Expect {
        expected: "one writer at a time between write and unlock_write",
        likely: likely!(
            "the check whether anybody is inside and the getting in are two operations, and the other thread came in between"
        ),
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let plan = Arc::new(UnsafeCell::new(0));
        for (name, get_in) in [("W1", first), ("W2", second)] {
            let plan = Arc::clone(&plan);
            thread(name, &lock, move |lock| {
                if get_in(lock) {
                    plan.set(plan.get() + 1);
                    lock.unlock_write();
                }
            });
        }
    });
}

#[rstest]
#[case::by_read_and_write(by_read, by_write)]
#[case::by_try_read_and_write(RawRwLock::try_read, by_write)]
#[case::by_read_and_try_write(by_read, RawRwLock::try_write)]
#[case::by_try_read_and_try_write(RawRwLock::try_read, RawRwLock::try_write)]
fn a_reader_and_a_writer_are_never_inside_together(
    #[case] read: fn(&RawRwLock) -> bool,
    #[case] write: fn(&RawRwLock) -> bool,
) {
    let expect = Expect {
        expected: "no writer inside between read and unlock_read, no reader between write and unlock_write",
        likely: likely!(
            "a read lock that locks nothing; or the check whether anybody is inside and the getting in are two operations, and the other thread came in between"
        ),
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let plan = Arc::new(UnsafeCell::new(0));
        thread("R", &lock, {
            let plan = Arc::clone(&plan);
            move |lock| {
                if read(lock) {
                    plan.get();
                    lock.unlock_read();
                }
            }
        });
        thread("W", &lock, move |lock| {
            if write(lock) {
                plan.set(1);
                lock.unlock_write();
            }
        });
    });
}

#[test]
fn one_writer_lets_the_other_one_in() {
    let expect = Expect {
        expected: "both writers to get in, one after the other",
        likely: "`unlock_write` comes between the other writer's check and its sleep, or does not wake a writer; does a writer count itself before it sleeps?",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        thread("W1", &lock, write_and_leave);
        thread("W2", &lock, write_and_leave);
    });
}

#[test]
fn a_reader_and_a_writer_let_each_other_in() {
    let expect = Expect {
        expected: "the reader and the writer to get in, one after the other",
        likely: "an unlock comes between the other thread's check and its sleep, or wakes only its own kind",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        thread("R", &lock, read_and_leave);
        thread("W", &lock, write_and_leave);
    });
}

#[test]
fn the_last_of_two_readers_lets_the_writer_in() {
    let expect = Expect {
        expected: "the writer to get in when both readers have left",
        likely: "each of two readers takes the other one for the last: the check and the leaving are two operations; or the notification goes to a thread that cannot go on",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        lock.read();
        lock.read();
        thread("W", &lock, write_and_leave).settle();
        thread("R1", &lock, RawRwLock::unlock_read);
        thread("R2", &lock, RawRwLock::unlock_read);
    });
}

#[rstest]
#[case::by_read(by_read)]
#[case::by_try_read(RawRwLock::try_read)]
fn no_reader_gets_in_while_a_writer_waits(#[case] get_in: fn(&RawRwLock) -> bool) {
    let expect = Expect {
        expected: "a reader that comes while a writer waits to get in after it",
        likely: likely!(
            "a reader checks only whether a writer is inside, and not whether one waits; or the flag that one waits is cleared before that writer is inside"
        ),
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let writers = Arc::new(AtomicUsize::new(0));
        lock.read();
        counted_writer("W", &lock, &writers).settle();
        reader_after("R", &lock, &writers, 1, get_in);
        lock.unlock_read();
    });
}

#[rstest]
#[case::by_read(by_read)]
#[case::by_try_read(RawRwLock::try_read)]
fn no_reader_gets_in_while_the_second_of_two_writers_waits(#[case] get_in: fn(&RawRwLock) -> bool) {
    let expect = Expect {
        expected: "a reader that comes while two writers wait to get in after both",
        likely: likely!(
            "the first writer that gets in clears the flag that a writer waits, although the other one still waits"
        ),
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let writers = Arc::new(AtomicUsize::new(0));
        lock.read();
        counted_writer("W1", &lock, &writers).settle();
        counted_writer("W2", &lock, &writers).settle();
        reader_after("R", &lock, &writers, 2, get_in);
        lock.unlock_read();
    });
}

#[test]
fn a_writer_goes_before_a_reader_that_has_waited_longer() {
    let expect = Expect {
        expected: "the writer that waits to get in before the reader that waits",
        likely: likely!("a reader that has slept does not check again whether a writer waits"),
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        let writers = Arc::new(AtomicUsize::new(0));
        lock.write();
        reader_after("R", &lock, &writers, 1, by_read).settle();
        counted_writer("W", &lock, &writers).settle();
        lock.unlock_write();
    });
}

#[test]
fn a_woken_reader_waits_for_writers_that_came_before_it_is_inside() {
    let expect = Expect {
        expected: "a reader that was woken, and finds a writer inside and another one waiting, to get in after both",
        likely: likely!(
            "a writer that leaves promises the readers that they may come in, and the promise still holds when other writers are there"
        ),
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        let (writers, first) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        lock.write();
        let reader = {
            let (writers, first) = (Arc::clone(&writers), Arc::clone(&first));
            thread("R", &lock, move |lock| {
                lock.read();
                let (been, first) = (writers.load(Ordering::SeqCst), first.load(Ordering::SeqCst));
                assert!(
                    been >= first,
                    "R is inside, and {been} of {first} writers have been there"
                );
                lock.unlock_read();
            })
        };
        reader.settle();
        lock.unlock_write();
        // The newcomer, who may be faster than the woken reader.
        let writer = lock.try_write().then(|| {
            first.store(1, Ordering::SeqCst);
            let writer = counted_writer("W", &lock, &writers);
            writer.settle();
            lock.unlock_write();
            writer
        });
        reader.join().unwrap();
        writer.into_iter().for_each(|writer| writer.join().unwrap());
        assert!(lock.try_write(), "try_write returned false when all had left");
    });
}

#[test]
fn readers_that_waited_get_in_together() {
    let expect = Expect {
        expected: "all three readers to get in when the writer leaves, though none of them leaves",
        likely: "`unlock_write` wakes one reader, or two, and nobody wakes the others",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        lock.write();
        for name in ["R1", "R2", "R3"] {
            thread(name, &lock, RawRwLock::read).settle();
        }
        lock.unlock_write();
    });
}

#[test]
fn readers_that_waited_get_in_together_after_the_last_writer() {
    let expect = Expect {
        expected: "the writer that waits to get in, and then both readers together",
        likely: "the notification goes to a thread that cannot go on, or the last writer does not wake all readers",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        lock.write();
        thread("R1", &lock, RawRwLock::read).settle();
        thread("W", &lock, write_and_leave).settle();
        thread("R2", &lock, RawRwLock::read).settle();
        lock.unlock_write();
    });
}

#[rstest]
#[case::another_one_comes(RawRwLock::read)]
#[case::another_one_comes_and_goes(read_and_leave)]
fn a_try_read_is_not_refused_because_of_a_reader(#[case] other: fn(&RawRwLock)) {
    let expect = Expect {
        expected: "try_read to get in: at no moment was a writer inside or waiting",
        likely: "`compare_exchange` failed because another reader was faster, or although the value was the expected one (`_weak`), and `try_read` gave up; or Mutex::try_lock found the mutex busy",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        thread("R", &lock, other);
        assert!(lock.try_read(), "try_read returned false");
    });
}

#[test]
fn a_try_write_is_not_refused_without_a_reason() {
    let expect = Expect {
        expected: "try_write to get in: the lock is new, and no other thread knows of it",
        likely: "`compare_exchange_weak` failed although the value was the expected one, and `try_write` gave up: use it in a loop, or use `compare_exchange`",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, || assert!(RawRwLock::new().try_write(), "try_write returned false"));
}

#[test]
fn a_try_write_is_refused_only_while_somebody_is_inside() {
    let expect = Expect {
        expected: "try_write to get in when the writer has left; if it is refused, the one that waited is inside, and the next write gets in after it",
        likely: "`try_write` is refused because a writer waits, though nobody is inside",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        let writers = Arc::new(AtomicUsize::new(0));
        lock.write();
        counted_writer("W", &lock, &writers).settle();
        lock.unlock_write();
        if !lock.try_write() {
            lock.write();
            let been = writers.load(Ordering::SeqCst);
            assert!(
                been == 1,
                "try_write returned false, and W was not inside before the next write"
            );
        }
        lock.unlock_write();
    });
}

#[rstest]
#[case::by_read(by_read)]
#[case::by_try_read(RawRwLock::try_read)]
fn a_refused_try_write_keeps_no_reader_out(#[case] get_in: fn(&RawRwLock) -> bool) {
    let expect = Expect {
        expected: "a reader to get in beside another one; a try_write that is refused does not wait",
        likely: "`try_write` says for a moment that a writer waits or is inside, and takes it back: meanwhile a `try_read` is refused, and a `read` sleeps and may never be woken",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        lock.read();
        thread("R", &lock, move |lock| assert!(get_in(lock), "try_read returned false"));
        assert!(!lock.try_write(), "try_write got in beside a reader");
    });
}

#[test]
fn a_refused_try_read_keeps_no_writer_out() {
    let expect = Expect {
        expected: "the writer that waits to get in when the one inside leaves",
        likely: "`try_read` counts itself for a moment and takes that back; a writer that saw it sleeps, and nobody wakes it",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        lock.write();
        thread("W", &lock, write_and_leave).settle();
        thread("R", &lock, |lock| {
            if lock.try_read() {
                lock.unlock_read();
            }
        });
        lock.unlock_write();
    });
}

#[test]
fn of_two_tries_at_a_lock_that_becomes_free_one_gets_in() {
    let expect = Expect {
        expected: "try_write to get in when the writer has left, or else the try_read that came before it",
        likely: "`try_read` counts itself for a moment and takes that back: meanwhile a `try_write` is refused, although nobody is inside",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let lock = Arc::new(RawRwLock::new());
        lock.write();
        let reader = thread("R", &lock, RawRwLock::try_read);
        lock.unlock_write();
        let write = lock.try_write();
        let read = reader.join().unwrap();
        assert!(read || write, "try_read and try_write returned false");
        assert!(!read || !write, "try_read and try_write returned true");
    });
}

/// The lock, held; dropping it unlocks, also while a panic unwinds.
struct Held(Arc<RawRwLock>, fn(&RawRwLock));

impl Drop for Held {
    fn drop(&mut self) {
        (self.1)(&self.0);
    }
}

#[rstest]
#[case::of_a_reader(RawRwLock::read, RawRwLock::unlock_read)]
#[case::of_a_writer(RawRwLock::write, RawRwLock::unlock_write)]
fn an_unlock_while_a_panic_unwinds_is_an_unlock(
    #[case] get_in: fn(&RawRwLock),
    #[case] get_out: fn(&RawRwLock),
    #[values(read_and_leave, write_and_leave)] other: fn(&RawRwLock),
) {
    let expect = Expect {
        expected: "the unlock of one who panics to let the others in, as every unlock does",
        likely: "while a panic unwinds, an unlock does less: it asks thread::panicking, and wakes nobody",
        explains: Explains::LostWakeUps,
        read: "README, the task",
    };
    explore(expect, move || {
        let lock = Arc::new(RawRwLock::new());
        let held = Arc::clone(&lock);
        let holder = spawn_as("holder", move || {
            get_in(&held);
            unwind_through(Held(held, get_out));
        });
        thread("other", &lock, other).join().unwrap();
        holder.join().unwrap();
        assert!(lock.try_write(), "try_write returned false when both had left");
    });
}

#[derive(Clone, Default)]
struct Model {
    readers: u32,
    is_written: bool,
    waiting_writers: u32,
}

impl Model {
    fn read(&mut self) -> bool {
        let is_open = !self.is_written && self.waiting_writers == 0;
        self.readers += u32::from(is_open);
        is_open
    }

    fn write(&mut self) -> bool {
        let is_open = !self.is_written && self.readers == 0;
        self.is_written |= is_open;
        is_open
    }
}

const READ: Operation<Model, RawRwLock> = Operation::new(
    "read()",
    |model| model.read().then(String::new),
    |lock| {
        lock.read();
        String::new()
    },
);

const TRY_READ: Operation<Model, RawRwLock> = Operation::new(
    "try_read()",
    |model: &mut Model| Some(model.read().to_string()),
    |lock: &RawRwLock| lock.try_read().to_string(),
)
.or_not_the_next("false");

const UNLOCK_READ: Operation<Model, RawRwLock> = Operation::new(
    "unlock_read()",
    |model| {
        model.readers = model.readers.checked_sub(1)?;
        Some(String::new())
    },
    |lock| {
        lock.unlock_read();
        String::new()
    },
);

const WRITE: Operation<Model, RawRwLock> = Operation::new(
    "write()",
    |model: &mut Model| {
        let is_in = model.write();
        model.waiting_writers -= u32::from(is_in);
        is_in.then(String::new)
    },
    |lock: &RawRwLock| {
        lock.write();
        String::new()
    },
)
.arriving(|model| model.waiting_writers += 1);

const TRY_WRITE: Operation<Model, RawRwLock> = Operation::new(
    "try_write()",
    |model: &mut Model| Some(model.write().to_string()),
    |lock: &RawRwLock| lock.try_write().to_string(),
)
.or_not_the_next("false");

const UNLOCK_WRITE: Operation<Model, RawRwLock> = Operation::new(
    "unlock_write()",
    |model| std::mem::take(&mut model.is_written).then(String::new),
    |lock| {
        lock.unlock_write();
        String::new()
    },
);

#[test]
fn every_answer_is_that_of_some_order() {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "getting in or out is made of two steps, and another thread's call comes in between; or who waits is not counted as one who waits",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: Model::default(),
        make: RawRwLock::new,
        sequences: &[
            &[READ, UNLOCK_READ],
            &[TRY_READ, UNLOCK_READ],
            &[WRITE, UNLOCK_WRITE],
            &[TRY_WRITE, UNLOCK_WRITE],
        ],
        // What comes after a try that is refused is left out.
        afterwards: &[
            TRY_READ,
            TRY_WRITE,
            UNLOCK_WRITE,
            READ,
            UNLOCK_READ,
            UNLOCK_READ,
            TRY_WRITE,
            TRY_READ,
            UNLOCK_READ,
            TRY_WRITE,
            UNLOCK_WRITE,
            UNLOCK_WRITE,
            WRITE,
            UNLOCK_WRITE,
            TRY_READ,
        ],
    };
    explore_programs(expect, trial);
}
