//! Each failure has its name, right code has none, and what is shown is short and the same each time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use schedules::{Expect, Explains, loom, shuttle};

const EXPECT: Expect =
    Expect { expected: "e", likely: "l", explains: Explains::AllThatIsStuck, read: "r" };

/// What a scenario fails with.
fn failure(explore: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(explore)).expect_err("it was to fail");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[track_caller]
fn assert_says(message: &str, phrases: &[&str]) {
    for phrase in phrases {
        assert!(message.contains(phrase), "`{phrase}` is missing in\n{message}");
    }
}

/// Steps in a file of the learner's: of this one, if it lies below a directory `src`, as it does not.
#[test]
fn no_line_of_a_test_is_blamed() {
    let message = failure(|| lock_two([[0, 1], [1, 0]]));
    assert!(!message.contains("look at:"), "{message}");
}

/// Two threads lock two mutexes, in the order that each is told.
fn lock_two(orders: [[usize; 2]; 2]) {
    use shuttle::sync::{Mutex, thread};
    shuttle::explore(EXPECT, move || {
        let forks = Arc::new([Mutex::new(()), Mutex::new(())]);
        for (name, [first, second]) in ["T1", "T2"].into_iter().zip(orders) {
            let forks = Arc::clone(&forks);
            thread::spawn_as(name, move || {
                let _first = forks[first].lock().unwrap();
                let _second = forks[second].lock().unwrap();
            });
        }
    });
}

#[test]
fn a_deadlock_is_found_and_named() {
    let message = failure(|| lock_two([[0, 1], [1, 0]]));
    assert_says(&message, &["a deadlock", "1 switch between threads", "which T1 holds"]);
}

#[test]
fn locks_in_one_order_are_no_deadlock() {
    lock_two([[0, 1], [0, 1]]);
}

#[test]
fn a_failure_is_the_same_each_time() {
    let message = || failure(|| lock_two([[0, 1], [1, 0]]));
    assert_eq!(message(), message());
}

/// One thread waits for a flag that another sets, under the lock or not.
fn wait_for_a_flag(again: bool, notify: bool) {
    use shuttle::sync::{Condvar, Mutex, thread};
    shuttle::explore(EXPECT, move || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let waiter = thread::spawn_as("waiter", {
            let pair = Arc::clone(&pair);
            move || {
                let mut set = pair.0.lock().unwrap();
                while !*set {
                    set = pair.1.wait(set).unwrap();
                    if !again {
                        break;
                    }
                }
                *set
            }
        });
        *pair.0.lock().unwrap() = true;
        if notify {
            pair.1.notify_one();
        }
        assert!(waiter.join().unwrap(), "the flag is not set");
    });
}

#[test]
fn a_wait_in_a_loop_is_right() {
    wait_for_a_flag(true, true);
}

#[test]
fn a_wake_up_for_no_reason_shows_an_if_that_should_be_a_while() {
    let message = failure(|| wait_for_a_flag(false, true));
    assert_says(&message, &["a broken invariant: the flag is not set", "wakes for no"]);
}

#[test]
fn a_lost_wake_up_is_found_and_named() {
    let message = failure(|| wait_for_a_flag(true, false));
    assert_says(&message, &["waiter sleeps for ever, and nobody is left to wake it"]);
}

#[test]
fn two_sleepers_are_them() {
    use shuttle::sync::{Condvar, Mutex, thread};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let pair = Arc::new((Mutex::new(()), Condvar::new()));
            for name in ["T1", "T2"] {
                let pair = Arc::clone(&pair);
                thread::spawn_as(name, move || drop(pair.1.wait(pair.0.lock().unwrap())));
            }
        });
    });
    assert_says(&message, &["T1 and T2 sleep for ever, and nobody is left to wake them"]);
}

/// A thread waits for a mark, and another one sets it and notifies, as it is told.
fn close(sets_and_notifies: fn(&Door)) -> String {
    use shuttle::sync::atomic::Ordering::SeqCst;
    use shuttle::sync::thread;
    failure(|| {
        shuttle::explore(EXPECT, move || {
            let door = Arc::new(Door::new());
            let waiter = thread::spawn_as("waiter", {
                let door = Arc::clone(&door);
                move || {
                    let mut items = door.items.lock().unwrap();
                    while !*items && !door.closed.load(SeqCst) {
                        items = door.room.wait(items).unwrap();
                    }
                }
            });
            sets_and_notifies(&door);
            waiter.join().unwrap();
        });
    })
}

/// What the two share; the mark is the value behind the lock or the atomic.
struct Door {
    items: shuttle::sync::Mutex<bool>,
    closed: shuttle::sync::atomic::AtomicBool,
    room: shuttle::sync::Condvar,
}

impl Door {
    fn new() -> Self {
        use shuttle::sync::{Condvar, Mutex, atomic::AtomicBool};
        Self { items: Mutex::new(false), closed: AtomicBool::new(false), room: Condvar::new() }
    }
}

/// Each phrase stands in a later row than the one before it.
#[track_caller]
fn assert_in_order(message: &str, phrases: &[&str]) {
    let mut rest = message;
    for phrase in phrases {
        let Some(at) = rest.find(phrase) else {
            panic!("`{phrase}` is missing, or stands too early, in\n{message}");
        };
        rest = rest[at..].split_once('\n').map_or("", |(_, rest)| rest);
    }
}

#[test]
fn a_notification_between_the_look_and_the_sleep_stands_between_them() {
    use shuttle::sync::atomic::Ordering::SeqCst;
    let message = close(|door| {
        door.closed.store(true, SeqCst);
        door.room.notify_all();
    });
    let rows = ["closed is false", "closed = true", "notify_all room: nobody", "wait room"];
    assert_in_order(&message, &rows);
    assert_in_order(&message, &["wait room, unlock", "waiter sleeps in wait room"]);
}

#[test]
fn a_notification_before_the_mark_is_set_stands_before_the_sleep() {
    let message = close(|door| {
        door.room.notify_all();
        *door.items.lock().unwrap() = true;
    });
    assert_in_order(&message, &["notify_all room: nobody", "wait room", "lock items"]);
}

#[test]
fn three_threads_have_columns_below_the_name_of_their_file() {
    use shuttle::sync::{Mutex, thread};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let forks = Arc::new([Mutex::new(()), Mutex::new(()), Mutex::new(())]);
            for (first, name) in ["T1", "T2", "T3"].into_iter().enumerate() {
                let forks = Arc::clone(&forks);
                thread::spawn_as(name, move || {
                    let _first = forks[first].lock().unwrap();
                    let _second = forks[(first + 1) % 3].lock().unwrap();
                });
            }
        });
    });
    assert_says(&message, &["\nfailures.rs\n", "│              │ lock mutex#2 │"]);
    assert_in_order(&message, &["\n:", "\n:", "\n:"]);
    let long = message.lines().find(|line| line.contains('│') && line.chars().count() > 74);
    assert_eq!(long, None, "a row is too wide");
}

#[test]
fn who_has_settled_hears_the_notification() {
    use shuttle::sync::{Condvar, Mutex, thread};
    shuttle::explore(EXPECT, || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let waiter = thread::spawn_as("waiter", {
            let pair = Arc::clone(&pair);
            move || drop(pair.1.wait(pair.0.lock().unwrap()))
        });
        waiter.settle();
        pair.1.notify_one();
        waiter.settle();
        assert!(waiter.is_finished(), "who is notified does not sleep any more");
    });
}

#[test]
fn a_woken_waiter_that_needs_the_lock_waits_for_the_lock() {
    use shuttle::sync::{Condvar, Mutex, thread};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let pair = Arc::new((Mutex::new(()), Condvar::new()));
            let waiter = thread::spawn_as("waiter", {
                let pair = Arc::clone(&pair);
                move || drop(pair.1.wait(pair.0.lock().unwrap()))
            });
            waiter.settle();
            let _held = pair.0.lock().unwrap();
            pair.1.notify_one();
            waiter.join().unwrap();
        });
    });
    assert_says(&message, &["a deadlock", "which main holds"]);
}

#[test]
fn threads_that_run_on_and_on_are_a_starved_waiter() {
    use shuttle::sync::atomic::{AtomicBool, Ordering};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let never = AtomicBool::new(false);
            while !never.load(Ordering::SeqCst) {}
        });
    });
    assert_says(&message, &["a starved waiter"]);
}

#[test]
fn two_threads_in_one_cell_are_a_data_race() {
    use shuttle::sync::{UnsafeCell, thread};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let cell = Arc::new(UnsafeCell::new(0));
            for name in ["T1", "T2"] {
                let cell = Arc::clone(&cell);
                thread::spawn_as(name, move || cell.set(cell.get() + 1));
            }
        });
    });
    assert_says(&message, &["a data race: two threads are at cell at once"]);
}

/// One thread hands a value to another by a flag with these orderings.
fn hand_over(store: loom::sync::atomic::Ordering, load: loom::sync::atomic::Ordering) {
    use loom::sync::atomic::AtomicBool;
    use loom::sync::{UnsafeCell, thread};
    loom::explore(EXPECT, move || {
        let value = Arc::new(UnsafeCell::new(0));
        let ready = Arc::new(AtomicBool::new(false));
        thread::spawn_as("giver", {
            let (value, ready) = (Arc::clone(&value), Arc::clone(&ready));
            move || {
                value.set(1);
                ready.store(true, store);
            }
        });
        thread::spawn_as("taker", move || {
            if ready.load(load) {
                assert_eq!(value.get(), 1);
            }
        });
    });
}

#[test]
fn a_release_that_is_acquired_hands_a_value_over() {
    use loom::sync::atomic::Ordering::{Acquire, Release};
    hand_over(Release, Acquire);
}

#[test]
fn a_relaxed_flag_hands_nothing_over() {
    use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    for (store, load) in [(Relaxed, Acquire), (Release, Relaxed)] {
        let message = failure(|| hand_over(store, load));
        assert_says(&message, &["nothing orders taker's read value after giver's write value"]);
    }
}

#[test]
fn a_spin_lock_of_two_threads_is_judged_by_loom_without_a_hint_to_the_processor() {
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::sync::{UnsafeCell, thread};
    let spin = |free: Ordering| {
        loom::explore(EXPECT, move || {
            let locked = Arc::new(AtomicBool::new(false));
            let room = Arc::new(UnsafeCell::new(0));
            for name in ["T1", "T2"] {
                let (locked, room) = (Arc::clone(&locked), Arc::clone(&room));
                thread::spawn_as(name, move || {
                    while locked.swap(true, Ordering::Acquire) {}
                    room.set(room.get() + 1);
                    locked.store(false, free);
                });
            }
        });
    };
    spin(Ordering::Release);
    assert_says(&failure(|| spin(Ordering::Relaxed)), &["a data race"]);
}

#[test]
fn a_lock_that_no_explorer_knows_ends_the_exploration() {
    use shuttle::sync::{Mutex, thread};
    use std::sync;
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let known = Arc::new(Mutex::new(()));
            let unknown = Arc::new(sync::Mutex::new(()));
            for name in ["T1", "T2"] {
                let (known, unknown) = (Arc::clone(&known), Arc::clone(&unknown));
                thread::spawn_as(name, move || {
                    let _unknown = unknown.lock().unwrap();
                    drop(known.lock().unwrap());
                });
            }
        });
    });
    assert_says(&message, &["expected: e", "a lock that is not of crate::sync", "use crate::sync"]);
}

#[test]
fn who_stands_in_line_behind_a_sleeper_has_settled() {
    use shuttle::sync::{Condvar, Mutex, thread};
    shuttle::explore(EXPECT, || {
        let door = Arc::new((Mutex::new(()), Mutex::new(false), Condvar::new()));
        let waiters = ["T1", "T2"].map(|name| {
            let door = Arc::clone(&door);
            thread::spawn_as(name, move || {
                let _first_in_line = door.0.lock().unwrap();
                let mut open = door.1.lock().unwrap();
                while !*open {
                    open = door.2.wait(open).unwrap();
                }
            })
        });
        waiters.iter().for_each(thread::JoinHandle::settle);
        *door.1.lock().unwrap() = true;
        door.2.notify_one();
    });
}

#[test]
fn who_stands_in_a_circle_has_settled_and_the_deadlock_is_named() {
    use shuttle::sync::{Mutex, thread};
    let message = failure(|| {
        shuttle::explore(EXPECT, || {
            let forks = Arc::new([Mutex::new(()), Mutex::new(())]);
            let eaters = [("T1", [0, 1]), ("T2", [1, 0])].map(|(name, [first, second])| {
                let forks = Arc::clone(&forks);
                thread::spawn_as(name, move || {
                    let _first = forks[first].lock().unwrap();
                    let _second = forks[second].lock().unwrap();
                })
            });
            eaters.iter().for_each(thread::JoinHandle::settle);
            eaters.into_iter().for_each(|eater| eater.join().unwrap());
        });
    });
    assert_says(&message, &["a deadlock", "which T1 holds"]);
}

#[test]
fn a_panic_is_of_the_thread_that_it_unwinds() {
    use shuttle::sync::thread::{panicking, spawn_as, yield_now};
    use shuttle::sync::thread_id;

    struct Asks;

    impl Drop for Asks {
        fn drop(&mut self) {
            yield_now();
            assert!(panicking(), "it unwinds");
        }
    }

    shuttle::explore(EXPECT, || {
        let unwound = spawn_as("unwound", || {
            shuttle::unwind_through(Asks);
            assert!(!panicking(), "it is caught");
            thread_id()
        });
        let other = spawn_as("other", || {
            yield_now();
            assert!(!panicking(), "another thread unwinds");
            thread_id()
        });
        let ids = [unwound, other].map(|thread| thread.join().unwrap());
        assert!(ids[0] != ids[1] && !ids.contains(&0) && !ids.contains(&thread_id()));
    });
}

/// A thread that leaves a room; before that it sleeps until another one has gone, or takes the lock at most.
fn leave(sleeps: bool) {
    use shuttle::never_waits;
    use shuttle::sync::{Condvar, Mutex, thread};
    shuttle::explore(EXPECT, move || {
        let room = Arc::new((Mutex::new(2), Condvar::new()));
        let other = Arc::clone(&room);
        thread::spawn_as("T1", move || {
            *other.0.lock().unwrap() -= 1;
            other.1.notify_all();
        });
        thread::spawn_as("T2", move || {
            never_waits("leave", || {
                let mut inside = room.0.lock().unwrap();
                while sleeps && *inside > 1 {
                    inside = room.1.wait(inside).unwrap();
                }
                *inside -= 1;
            });
        });
    });
}

#[test]
fn a_call_that_never_waits_may_lock_and_not_sleep() {
    leave(false);
    let message = failure(|| leave(true));
    assert_says(&message, &["leave goes to sleep until another thread wakes it", "wait"]);
}
