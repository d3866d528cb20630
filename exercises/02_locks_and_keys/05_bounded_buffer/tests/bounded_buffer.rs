//! What a bounded buffer promises, easiest first.
//!
//! `src/bounded_buffer.rs` is compiled here with a `crate::sync` whose waits wake up for no reason.

#[allow(dead_code)]
#[path = "../src/bounded_buffer.rs"]
mod bounded_buffer;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use std::panic::catch_unwind;
use std::sync::Arc;

use bounded_buffer::BoundedBuffer;
use rstest::rstest;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Threads};

testkit::count_allocations!();

/// Something that can neither be copied nor cloned.
#[derive(Debug, PartialEq)]
struct Item(usize);

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits although nothing is to be waited for: is the check inverted, or is the mutex locked twice?",
        "README, the task",
    )
}

/// A buffer with so much room, and that is full.
#[track_caller]
fn full(capacity: usize) -> Arc<BoundedBuffer<Item>> {
    on_a_thread(move || {
        let buffer = BoundedBuffer::new(capacity);
        for number in 1..=capacity {
            assert_eq!(buffer.push(Item(number)), Ok(()), "push on a buffer that has room");
        }
        Arc::new(buffer)
    })
}

#[test]
fn push_and_pop_take_a_mutex_of_crate_sync() {
    let locks = on_a_thread(|| {
        let buffer = BoundedBuffer::new(1);
        let pushed = buffer.push(Item(7));
        (pushed, buffer.pop(), sync::locks()).2
    });
    require!(locks > 0,
        expected: "push and pop to lock a Mutex of crate::sync",
        seen: "{locks} locks of such a Mutex",
        likely: "`use std::sync::{{Condvar, Mutex}}`: write `use crate::sync::{{Condvar, Mutex}}`, so that the other tests can interrupt a thread at any step, and see who waits",
        read: "README, the task",
    );
}

#[test]
fn what_goes_in_comes_out() {
    let popped = on_a_thread(|| {
        let buffer = BoundedBuffer::new(1);
        buffer.push(Item(7)).map(|()| buffer.pop())
    });
    require!(popped == Ok(Some(Item(7))),
        expected: "push(Item(7)) to return Ok(()), and pop to return Some(Item(7)) then",
        seen: "{popped:?}",
        likely: "the item is not kept, or a new buffer is closed",
        read: "README, the task",
    );
}

#[rstest]
#[case::one_after_the_other(3, &[3])]
#[case::more_than_there_is_room_for_at_once(2, &[2, 2, 2])]
#[case::in_and_out_by_turns(3, &[1, 2, 3, 1, 2])]
fn items_come_out_in_the_order_in_which_they_went_in(
    #[case] capacity: usize,
    #[case] rounds: &'static [usize],
) {
    let popped: Vec<Option<Item>> = on_a_thread(move || {
        let buffer = BoundedBuffer::new(capacity);
        let mut next = 0;
        let mut popped = Vec::new();
        for &count in rounds {
            for _ in 0..count {
                next += 1;
                assert_eq!(buffer.push(Item(next)), Ok(()), "push on a buffer that has room");
            }
            popped.extend((0..count).map(|_| buffer.pop()));
        }
        popped
    });
    let in_order: Vec<Option<Item>> = (1..=popped.len()).map(|number| Some(Item(number))).collect();
    require!(popped == in_order,
        expected: "Item(1), Item(2), … in this order",
        seen: "{popped:?}",
        likely: "push and pop work at the same end: a stack, not a queue",
        read: "hint 1",
    );
}

#[test]
fn a_buffer_with_room_for_nothing_panics() {
    let made = |capacity| catch_unwind(|| BoundedBuffer::<Item>::new(capacity)).is_ok();
    let (nothing, one) = on_a_thread(move || (made(0), made(1)));
    require!(!nothing && one,
        expected: "new(0) to panic, and new(1) to return: with room for nothing no push could ever return",
        seen: "new(0) returned: {nothing}; new(1) returned: {one}",
        likely: "the capacity is not looked at",
        read: "README, the task",
    );
}

#[test]
fn a_closed_buffer_hands_the_item_back() {
    let pushed = on_a_thread(|| {
        let buffer = BoundedBuffer::new(1);
        buffer.close();
        buffer.push(Item(7))
    });
    require!(pushed == Err(Item(7)),
        expected: "push(Item(7)) on a closed buffer to return Err(Item(7))",
        seen: "{pushed:?}",
        likely: "`push` does not check whether the buffer is closed",
        read: "README, the task",
    );
}

#[test]
fn a_closed_buffer_hands_the_item_back_at_once_even_when_it_is_full() {
    let buffer = full(1);
    let pushed = on_a_thread(move || {
        buffer.close();
        buffer.push(Item(7))
    });
    require!(pushed == Err(Item(7)),
        expected: "push(Item(7)) on a closed and full buffer to return Err(Item(7))",
        seen: "{pushed:?}",
        likely: "`push` checks whether the buffer is closed only when there is room",
        read: "hint 3",
    );
}

#[rstest]
#[case::closed_once(1)]
#[case::closed_twice(2)]
fn a_closed_buffer_gives_what_is_left_and_then_none(#[case] times: usize) {
    let buffer = full(2);
    let popped = on_a_thread(move || {
        for _ in 0..times {
            buffer.close();
        }
        [buffer.pop(), buffer.pop(), buffer.pop(), buffer.pop()]
    });
    require!(popped == [Some(Item(1)), Some(Item(2)), None, None],
        expected: "the two items that were in the buffer when it was closed, then None, and None again",
        seen: "{popped:?}",
        likely: "`pop` checks whether the buffer is closed before it checks whether an item is left, or `close` throws the items away",
        read: "hint 5",
    );
}

#[rstest]
#[case::capacity_1(1)]
#[case::capacity_3(3)]
#[case::one_more_than_a_byte(0x100)]
#[case::one_more_than_two_bytes(0x1_0000)]
fn a_push_waits_for_room(#[case] capacity: usize) {
    let buffer = full(capacity);
    let threads = Threads::new();
    let pusher = threads.spawn("pusher", {
        let buffer = Arc::clone(&buffer);
        move || buffer.push(Item(7))
    });
    let settled = threads.settle();
    require!(!pusher.is_finished(),
        expected: "push to wait: {capacity} of {capacity} items are in the buffer",
        seen: "it returned",
        likely: "it does not wait, or one item too many is let in; or `if` where a `while` belongs: the first `wait` returns without a notification here, so after every wait ask again whether there is room",
        read: "hint 3; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "push to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait",
        read: "hint 2",
    );
    let popped = on_a_thread(move || buffer.pop());
    assert_eq!(popped, Some(Item(1)), "the item that had been in the longest");
    let pushed = pusher
        .join("`pop` takes an item out but does not notify a push that waits for room", "hint 2");
    assert_eq!(pushed, Ok(()), "there was room for the item");
}

#[test]
fn a_push_of_something_without_a_size_waits_for_room_too() {
    #[derive(Debug, PartialEq)]
    struct Token;

    let buffer = on_a_thread(|| {
        let buffer = BoundedBuffer::new(1);
        assert_eq!(buffer.push(Token), Ok(()), "push on a buffer that has room");
        Arc::new(buffer)
    });
    let threads = Threads::new();
    let pusher = threads.spawn("pusher", {
        let buffer = Arc::clone(&buffer);
        move || buffer.push(Token)
    });
    threads.come_to_rest();
    require!(!pusher.is_finished(),
        expected: "push to wait: 1 of 1 items is in the buffer; the items have no size (`struct Token;`)",
        seen: "it returned",
        likely: "`VecDeque::capacity` is taken for the room in the buffer: it may be more than `with_capacity` asked for, and without a size it is usize::MAX; keep the capacity in a field",
        read: "https://doc.rust-lang.org/std/collections/struct.VecDeque.html#method.with_capacity",
    );
    let popped = on_a_thread(move || buffer.pop());
    assert_eq!(popped, Some(Token), "what went in");
    let pushed = pusher
        .join("`pop` takes an item out but does not notify a push that waits for room", "hint 2");
    assert_eq!(pushed, Ok(()), "there was room for the item");
}

#[test]
fn a_pop_waits_for_an_item() {
    let buffer = Arc::new(on_a_thread(|| BoundedBuffer::new(1)));
    let threads = Threads::new();
    let popper = threads.spawn("popper", {
        let buffer = Arc::clone(&buffer);
        move || buffer.pop()
    });
    let settled = threads.settle();
    require!(!popper.is_finished(),
        expected: "pop to wait: there is no item, and the buffer is not closed",
        seen: "it returned",
        likely: "it does not wait; or `if` where a `while` belongs: the first `wait` returns without a notification here, so after every wait ask again whether there is an item",
        read: "hint 3; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "pop to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait",
        read: "hint 2",
    );
    let pushed = on_a_thread(move || buffer.push(Item(7)));
    assert_eq!(pushed, Ok(()), "there was room for the item");
    let popped = popper
        .join("`push` puts an item in but does not notify a pop that waits for one", "hint 2");
    assert_eq!(popped, Some(Item(7)), "the item that went in");
}

#[rstest]
#[case::that_is_empty_in_between(0, 1)]
#[case::that_is_never_empty(1, 1)]
#[case::that_is_full_in_between(3, 1)]
#[case::that_fills_and_empties(0, 4)]
#[case::with_several_at_a_time(2, 2)]
fn nothing_is_kept_of_what_has_gone_through_a_buffer(#[case] left: usize, #[case] batch: usize) {
    let (growth, last) = on_a_thread(move || {
        let buffer = BoundedBuffer::new(4);
        let mut next = 0;
        let mut push = || {
            assert_eq!(buffer.push(Item(next)), Ok(()), "push on a buffer that has room");
            next += 1;
        };
        (0..left).for_each(|_| push());
        let mut last = None;
        let growth = growth(|_| {
            (0..batch).for_each(|_| push());
            (0..batch).for_each(|_| last = buffer.pop().map(|Item(number)| number));
        });
        (growth, last)
    });
    let Growth { bytes, .. } = growth;
    let rounds = 10_010;
    assert_eq!(last, Some(rounds * batch - 1), "the last item out of the buffer");
    require!(!growth.is_there(),
        expected: "after 10000 items a buffer for 4 to take as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "room that was used is not used again: an index that only grows, or a clean-up that waits for a moment which never comes",
        read: "README, the task",
    );
}

#[rstest]
fn after_some_pops_there_is_room_for_as_many(
    #[values(1, 2, 3, 5)] capacity: usize,
    #[values(1, 2, 3, 5)] taken: usize,
) {
    let taken = taken.min(capacity);
    let buffer = full(capacity);
    let out = on_a_thread({
        let buffer = Arc::clone(&buffer);
        move || (0..taken).filter_map(|_| buffer.pop()).map(|Item(number)| number).sum::<usize>()
    });
    assert_eq!(out, (1..=taken).sum(), "what came out of a full buffer");
    let threads = Threads::new();
    let pushers = (0..=taken).map(|index| {
        let buffer = Arc::clone(&buffer);
        let pusher =
            threads.spawn(&format!("pusher {index}"), move || buffer.push(Item(capacity + 1)));
        threads.come_to_rest();
        pusher
    });
    let pushers: Vec<_> = pushers.collect();
    let came_in = pushers.iter().filter(|pusher| pusher.is_finished()).count();
    buffer.close();
    require!(came_in == taken,
        expected: "a full buffer of {capacity} to have room for {taken} after {taken} pops, and one more push to wait",
        seen: "{came_in} pushes came in",
        likely: "what is in the buffer is not what is counted: items that were put aside, or room that is noted beside the items",
        read: "README, the task",
    );
    for pusher in pushers {
        let _ = pusher.join("a push that waits is not woken by a close", "hint 5");
    }
}
