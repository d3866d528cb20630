//! What holds in every schedule.
//!
//! `src/bounded_buffer.rs` is compiled here with a `crate::sync` in which a thread may be interrupted
//! before each of its steps, and in which a wait may wake up for no reason. Scenarios are run under
//! thousands of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/bounded_buffer.rs"]
mod bounded_buffer;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::collections::VecDeque;
use std::sync::Arc;

use bounded_buffer::BoundedBuffer;
use rstest::rstest;
use schedules::shuttle::{explore, explore_programs};
use schedules::{Expect, Explains, Operation, Trial};
use sync::thread::{JoinHandle, spawn_as};

type Buffer = BoundedBuffer<u32>;

/// A buffer with these items in it, and room for so many.
fn buffer(capacity: usize, items: &[u32]) -> Arc<Buffer> {
    // In its last place before it is used: the timeline knows a lock by its address.
    let buffer = Arc::new(BoundedBuffer::new(capacity));
    for &item in items {
        buffer.push(item).expect("there is room for the first items");
    }
    buffer
}

/// A thread that does one thing with the buffer.
fn thread<T: Send + 'static>(
    name: &str,
    buffer: &Arc<Buffer>,
    body: impl FnOnce(&Buffer) -> T + Send + 'static,
) -> JoinHandle<T> {
    let buffer = Arc::clone(buffer);
    spawn_as(name, move || body(&buffer))
}

/// What is in a closed buffer.
fn rest(buffer: &Buffer) -> Vec<u32> {
    std::iter::from_fn(|| buffer.pop()).collect()
}

#[test]
fn a_pop_goes_on_when_an_item_is_pushed() {
    let expect = Expect {
        expected: "pop to wait for the push, at whatever moment that comes, and then to return the item",
        likely: "`push` comes between the check in `pop` and its sleep, or notifies before the item is in the buffer, or does not notify; or an `if` stands where a `while` belongs, and a wake-up without a notification lets `pop` through",
        explains: Explains::LostWakeUps,
        read: "hints 2 and 3; pthread_cond_wait(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        let popper = thread("popper", &buffer, Buffer::pop);
        buffer.push(1).expect("there is room");
        assert_eq!(popper.join().unwrap(), Some(1), "what pop returned");
    });
}

#[test]
fn a_push_goes_on_when_an_item_is_popped() {
    let expect = Expect {
        expected: "push to wait for the pop, at whatever moment that comes, and then to put its item in",
        likely: "`pop` comes between the check in `push` and its sleep, or notifies before it has made room, or does not notify; or an `if` stands where a `while` belongs, and a wake-up without a notification lets `push` through",
        explains: Explains::LostWakeUps,
        read: "hints 2 and 3; pthread_cond_wait(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[1]);
        let pusher = thread("pusher", &buffer, |buffer| buffer.push(2));
        assert_eq!(buffer.pop(), Some(1), "what pop returned");
        assert_eq!(pusher.join().unwrap(), Ok(()), "what push returned");
        assert_eq!(buffer.pop(), Some(2), "what pop returned then");
    });
}

#[test]
fn room_for_one_lets_one_of_two_pushes_on() {
    let expect = Expect {
        expected: "one of two pushes to put its item in, and the other to wait: there is room for one",
        likely: "the check for room and the putting in are not under one lock; or an `if` stands where a `while` belongs",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        let pushers = ["T1", "T2"].map(|name| thread(name, &buffer, |buffer| buffer.push(1)));
        pushers.iter().for_each(JoinHandle::settle);
        let on = pushers.iter().filter(|pusher| pusher.is_finished()).count();
        assert_eq!(on, 1, "pushes that went on");
        assert_eq!(buffer.pop(), Some(1), "what pop returned");
        for pusher in pushers {
            assert_eq!(pusher.join().unwrap(), Ok(()), "what push returned");
        }
    });
}

#[test]
fn an_item_is_taken_by_one() {
    let expect = Expect {
        expected: "each of two pops to have one of the two items",
        likely: "the check for an item and the taking are not under one lock; or an `if` stands where a `while` belongs",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let buffer = buffer(2, &[1]);
        let poppers = ["T1", "T2"].map(|name| thread(name, &buffer, Buffer::pop));
        buffer.push(2).expect("there is room");
        let mut popped = poppers.map(|popper| popper.join().unwrap());
        popped.sort_unstable();
        assert_eq!(popped, [Some(1), Some(2)], "what the pops returned");
    });
}

#[test]
fn a_notification_reaches_the_side_that_can_go_on() {
    let expect = Expect {
        expected: "all pushes and pops to get through: there are as many of the one as of the other",
        likely: "one condition variable for both sides, and a notify_one on it wakes a thread of the wrong side",
        explains: Explains::LostWakeUps,
        read: "hint 2; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        thread("C1", &buffer, Buffer::pop);
        thread("C2", &buffer, Buffer::pop);
        thread("P", &buffer, |buffer| (1..=2).try_for_each(|item| buffer.push(item)));
    });
}

#[test]
fn a_notification_of_a_push_reaches_no_other_push() {
    let expect = Expect {
        expected: "both pushes to get through, and both pops: there are as many of the one as of the other",
        likely: "one condition variable for both sides: the notify_one of a push wakes another push, which finds no room and sleeps again, and the pop is never told",
        explains: Explains::LostWakeUps,
        read: "hint 2; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        thread("P1", &buffer, |buffer| buffer.push(1));
        thread("P2", &buffer, |buffer| buffer.push(2));
        thread("C", &buffer, |buffer| (buffer.pop(), buffer.pop()));
    });
}

#[test]
fn two_items_let_two_waiters_on() {
    let expect = Expect {
        expected: "both pops to go on: two items were pushed",
        likely: "`push` notifies only when the buffer was empty: the second push comes before the first sleeper runs, and the other one is never told",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let buffer = buffer(2, &[]);
        thread("T1", &buffer, Buffer::pop);
        thread("T2", &buffer, Buffer::pop);
        buffer.push(1).expect("there is room");
        buffer.push(2).expect("there is room");
    });
}

#[test]
fn room_for_two_lets_two_waiters_on() {
    let expect = Expect {
        expected: "both pushes to go on: two items were taken out",
        likely: "`pop` notifies only when the buffer was full: the second pop comes before the first sleeper runs, and the other one is never told",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let buffer = buffer(2, &[1, 2]);
        thread("T1", &buffer, |buffer| buffer.push(3));
        thread("T2", &buffer, |buffer| buffer.push(4));
        buffer.pop();
        buffer.pop();
    });
}

#[test]
fn items_of_one_thread_stay_in_order() {
    let expect = Expect {
        expected: "one thread's items to come out in the order in which it put them in",
        likely: "an item can overtake another: push and pop work at the same end, or an item lies outside the queue for a while",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let buffer = buffer(2, &[]);
        thread("pusher", &buffer, |buffer| (1..=3).try_for_each(|item| buffer.push(item)));
        let popped = [buffer.pop(), buffer.pop(), buffer.pop()];
        assert_eq!(popped, [Some(1), Some(2), Some(3)], "what came out");
    });
}

#[test]
fn a_close_ends_the_wait_of_every_pop() {
    let expect = Expect {
        expected: "both pops to return None: the buffer is closed, and nothing is in it",
        likely: "`close` wakes one of the sleepers, or none; or a woken `pop` does not check whether the buffer is closed",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        let poppers = ["T1", "T2"].map(|name| thread(name, &buffer, Buffer::pop));
        poppers.iter().for_each(JoinHandle::settle);
        buffer.close();
        for popper in poppers {
            assert_eq!(popper.join().unwrap(), None, "what pop returned");
        }
    });
}

#[test]
fn a_close_ends_the_wait_of_every_push() {
    let expect = Expect {
        expected: "both pushes to hand their items back: the buffer is closed",
        likely: "`close` wakes one of the sleepers, or only those who wait for items; or a woken `push` does not check whether the buffer is closed",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[1]);
        let pushers = [("T1", 2), ("T2", 3)]
            .map(|(name, item)| (item, thread(name, &buffer, move |buffer| buffer.push(item))));
        pushers.iter().for_each(|(_, pusher)| pusher.settle());
        buffer.close();
        for (item, pusher) in pushers {
            assert_eq!(pusher.join().unwrap(), Err(item), "what push returned");
        }
        assert_eq!(rest(&buffer), [1], "what was left");
    });
}

#[rstest]
#[case::of_a_pop(&[], |buffer: &Buffer| buffer.pop().is_some(), |buffer: &Buffer| buffer.push(1).is_ok())]
#[case::of_a_push(&[1, 2], |buffer: &Buffer| buffer.push(3).is_ok(), |buffer: &Buffer| buffer.pop().is_some())]
fn a_close_ends_the_wait_of_who_fell_asleep_before_the_last_change(
    #[case] items: &'static [u32],
    #[case] waits: fn(&Buffer) -> bool,
    #[case] change: fn(&Buffer) -> bool,
) {
    let expect = Expect {
        expected: "both waits to end: the buffer is closed",
        likely: "`close` checks whether the buffer is empty or full before it wakes: it is neither now, but two threads fell asleep when it was, and only one notification has come since",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_broadcast(3p)",
    };
    explore(expect, move || {
        let buffer = buffer(2, items);
        let waiters = ["T1", "T2"].map(|name| thread(name, &buffer, waits));
        waiters.iter().for_each(JoinHandle::settle);
        assert!(change(&buffer), "one may go on");
        buffer.close();
    });
}

#[test]
fn a_close_ends_waits_of_both_sides() {
    let expect = Expect {
        expected: "all waits to end: the buffer is closed",
        likely: "`close` wakes one side only, as if both could not wait at once: they can. A pop may fall asleep before a woken push runs, while another push still sleeps",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let buffer = buffer(1, &[1]);
        let pushers = ["T1", "T2"].map(|name| thread(name, &buffer, |buffer| buffer.push(2)));
        pushers.iter().for_each(JoinHandle::settle);
        assert_eq!(buffer.pop(), Some(1), "what pop returned");
        thread("T3", &buffer, Buffer::pop).settle();
        buffer.close();
    });
}

#[rstest]
#[case::of_a_pop(&[], |buffer: &Buffer| buffer.pop().is_none())]
#[case::of_a_push(&[1], |buffer: &Buffer| buffer.push(2).is_err())]
fn a_close_between_the_look_and_the_sleep_is_noticed(
    #[case] items: &'static [u32],
    #[case] refused: fn(&Buffer) -> bool,
) {
    let expect = Expect {
        expected: "the close to end the wait, at whatever moment it comes",
        likely: "`close` comes between the check and the sleep: it changes the flag without the mutex, or notifies before the change",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, move || {
        let buffer = buffer(1, items);
        let waiter = thread("waiter", &buffer, refused);
        buffer.close();
        assert!(waiter.join().unwrap(), "the buffer is closed, and the call was not refused");
    });
}

#[test]
fn a_push_that_slept_puts_nothing_into_a_closed_buffer() {
    let expect = Expect {
        expected: "a push that waits when the buffer is closed to hand its item back, though there is room later",
        likely: "a woken `push` checks again whether there is room, but not whether the buffer is closed",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let buffer = buffer(1, &[1]);
        let pusher = thread("pusher", &buffer, |buffer| buffer.push(2));
        pusher.settle();
        buffer.close();
        assert_eq!(rest(&buffer), [1], "what was left");
        assert_eq!(pusher.join().unwrap(), Err(2), "what push returned");
    });
}

#[test]
fn a_pop_that_slept_takes_what_was_pushed_before_the_close() {
    let expect = Expect {
        expected: "a pop that waited to return the item: it was there before the buffer was closed",
        likely: "a woken `pop` checks whether the buffer is closed before it checks whether an item is there",
        explains: Explains::LostWakeUps,
        read: "hint 5",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        let popper = thread("popper", &buffer, Buffer::pop);
        popper.settle();
        buffer.push(1).expect("there is room");
        buffer.close();
        assert_eq!(popper.join().unwrap(), Some(1), "what pop returned");
    });
}

#[test]
fn an_item_is_either_handed_back_or_comes_out() {
    let expect = Expect {
        expected: "an item whose push returned Ok to come out before the first None",
        likely: "`push` checks whether the buffer is closed before it has the mutex, and the close comes in between",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, || {
        let buffer = buffer(1, &[]);
        let pusher = thread("pusher", &buffer, |buffer| buffer.push(1));
        buffer.close();
        let came_out = rest(&buffer);
        match pusher.join().unwrap() {
            Ok(()) => assert_eq!(came_out, [1], "push returned Ok; what came out"),
            Err(_) => assert_eq!(came_out, [], "push handed its item back; what came out"),
        }
    });
}

/// What a buffer is when one thread uses it after another.
#[derive(Clone)]
struct Model {
    capacity: usize,
    items: VecDeque<u32>,
    is_closed: bool,
}

impl Model {
    fn push(&mut self, item: u32) -> Option<String> {
        if self.is_closed {
            return Some("handed back".to_owned());
        }
        (self.items.len() < self.capacity).then(|| self.items.push_back(item))?;
        Some("in".to_owned())
    }

    fn pop(&mut self) -> Option<String> {
        let item = self.items.pop_front();
        if item.is_none() && !self.is_closed { None } else { Some(popped(item)) }
    }
}

fn push(buffer: &Buffer, item: u32) -> String {
    if buffer.push(item).is_ok() { "in".to_owned() } else { "handed back".to_owned() }
}

fn popped(item: Option<u32>) -> String {
    item.map_or("None".to_owned(), |item| item.to_string())
}

const PUSH_ONE: Operation<Model, Buffer> =
    Operation::new("push(1)", |model| model.push(1), |buffer| push(buffer, 1));

const PUSH_TWO: Operation<Model, Buffer> =
    Operation::new("push(2)", |model| model.push(2), |buffer| push(buffer, 2));

const POP: Operation<Model, Buffer> =
    Operation::new("pop()", Model::pop, |buffer| popped(buffer.pop()));

const CLOSE: Operation<Model, Buffer> = Operation::new(
    "close()",
    |model| {
        model.is_closed = true;
        Some(String::new())
    },
    |buffer| {
        buffer.close();
        String::new()
    },
);

#[rstest]
#[case::with_room_for_one(1, &[], || BoundedBuffer::new(1))]
#[case::with_room_for_two(2, &[], || BoundedBuffer::new(2))]
#[case::of_a_full_one(1, &[7], || {
    let buffer = BoundedBuffer::new(1);
    push(&buffer, 7);
    buffer
})]
fn every_answer_is_that_of_some_order(
    #[case] capacity: usize,
    #[case] items: &[u32],
    #[case] make: fn() -> Buffer,
) {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "a push or a pop is made of two steps, and another call comes in between; or what is noted beside the items is not true at every moment",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: Model { capacity, items: items.to_vec().into(), is_closed: false },
        make,
        sequences: &[&[PUSH_ONE], &[PUSH_TWO], &[POP], &[POP], &[CLOSE]],
        afterwards: &[CLOSE, POP, POP, POP],
    };
    explore_programs(expect, trial);
}
