//! What a channel promises, easiest first.
//!
//! `src/channel.rs` is compiled here with a `crate::sync` whose waits wake up for no reason.

#[allow(dead_code)]
#[path = "../src/channel.rs"]
mod channel;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, TryRecvError, TrySendError};

use channel::{Receiver, Sender, channel};
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

/// A channel that is full of `Item(1)`, `Item(2)`, …
#[track_caller]
fn full(capacity: usize) -> (Sender<Item>, Receiver<Item>) {
    on_a_thread(move || {
        let (sender, receiver) = channel(capacity);
        for number in 1..=capacity {
            assert_eq!(sender.send(Item(number)), Ok(()), "send on a channel that has room");
        }
        (sender, receiver)
    })
}

#[test]
fn send_and_recv_take_a_mutex_of_crate_sync() {
    let (received, locks) = on_a_thread(|| {
        let (sender, mut receiver) = channel(1);
        let sent = sender.send(Item(7));
        (sent.map(|()| receiver.recv()), sync::locks())
    });
    assert_eq!(received, Ok(Some(Item(7))), "what came out");
    require!(locks > 0,
        expected: "send and recv to lock a Mutex of crate::sync",
        seen: "{locks} locks of such a Mutex",
        likely: "`use std::sync::{{Condvar, Mutex}}`: write `use crate::sync::{{Condvar, Mutex}}`, so that the other tests can interrupt a thread at any step, and see who waits. Or a channel of the standard library does the work",
        read: "README, the task",
    );
}

#[rstest]
#[case::one_after_the_other(3, &[3])]
#[case::more_than_there_is_room_for_at_once(2, &[2, 2, 2])]
#[case::in_and_out_by_turns(3, &[1, 2, 3, 1, 2])]
fn values_come_out_in_the_order_in_which_they_were_sent(
    #[case] capacity: usize,
    #[case] rounds: &'static [usize],
) {
    let received: Vec<Option<Item>> = on_a_thread(move || {
        let (sender, mut receiver) = channel(capacity);
        let mut next = 0;
        let mut received = Vec::new();
        for &count in rounds {
            for _ in 0..count {
                next += 1;
                assert_eq!(sender.send(Item(next)), Ok(()), "send on a channel that has room");
            }
            received.extend((0..count).map(|_| receiver.recv()));
        }
        received
    });
    let in_order: Vec<Option<Item>> =
        (1..=received.len()).map(|number| Some(Item(number))).collect();
    require!(received == in_order,
        expected: "Some(Item(1)), Some(Item(2)), … in this order",
        seen: "{received:?}",
        likely: "send and recv work at the same end: a stack, not a queue",
        read: "hint 1",
    );
}

#[rstest]
#[case::capacity_1(1)]
#[case::capacity_3(3)]
#[case::one_more_than_a_byte(0x100)]
#[case::one_more_than_two_bytes(0x1_0000)]
fn a_try_send_puts_in_what_there_is_room_for(#[case] capacity: usize) {
    let (came_in, last) = on_a_thread(move || {
        let (sender, _receiver) = channel(capacity);
        let mut came_in = 0;
        loop {
            match sender.try_send(Item(came_in)) {
                Ok(()) if came_in > capacity => return (came_in, Ok(())),
                Ok(()) => came_in += 1,
                Err(refusal) => return (came_in, Err(refusal)),
            }
        }
    });
    require!(came_in == capacity && last == Err(TrySendError::Full(Item(capacity))),
        expected: "{capacity} calls of try_send to return Ok(()), and the next one Err(Full) with its value",
        seen: "{came_in} came in, then {last:?}",
        likely: "the capacity is not what is compared with the number of values, or is kept in fewer bits than a usize has",
        read: "README, the task",
    );
}

#[rstest]
#[case::for_all_that_there_can_be(usize::MAX)]
#[case::for_all_but_one(usize::MAX - 1)]
fn a_channel_may_have_room(#[case] capacity: usize) {
    let received = on_a_thread(move || {
        let made = catch_unwind(|| channel(capacity));
        made.ok().map(|(sender, mut receiver)| {
            let mut round = |first, second| {
                let sent =
                    [sender.try_send(Item(first)).is_ok(), sender.send(Item(second)).is_ok()];
                (sent, receiver.recv(), receiver.try_recv())
            };
            // Again: a sum may fit as long as nothing has been received.
            [round(1, 2), round(3, 4)]
        })
    });
    let right = |first, second| ([true, true], Some(Item(first)), Ok(Item(second)));
    require!(received == Some([right(1, 2), right(3, 4)]),
        expected: "channel({capacity}) to be made, and to take and give values as any other, twice",
        seen: "{received:?}",
        likely: "None: `channel` sets memory aside for all values at once; otherwise a sum with the capacity goes round past usize::MAX",
        read: "the stub",
    );
}

#[test]
fn a_try_recv_takes_what_is_there_and_says_when_nothing_is() {
    let received = on_a_thread(|| {
        let (sender, mut receiver) = channel(2);
        let before = receiver.try_recv();
        let sent = [sender.send(Item(1)), sender.send(Item(2))];
        (before, sent, [receiver.try_recv(), receiver.try_recv(), receiver.try_recv()])
    });
    let empty = || Err(TryRecvError::Empty);
    let right = (empty(), [Ok(()), Ok(())], [Ok(Item(1)), Ok(Item(2)), empty()]);
    require!(received == right,
        expected: "try_recv to return Err(Empty), then the two values that were sent, then Err(Empty) again",
        seen: "{received:?}",
        likely: "`try_recv` takes nothing out, or an empty channel is taken for one without senders",
        read: "README, the task",
    );
}

#[rstest]
#[case::of_one_sender(1)]
#[case::of_two(2)]
#[case::of_one_more_than_a_byte(0x100)]
#[case::of_one_more_than_two_bytes(0x1_0000)]
fn a_channel_is_over_when_the_last_sender_is_dropped(#[case] count: usize) {
    let (before, after) = on_a_thread(move || {
        let (sender, mut receiver) = channel::<Item>(1);
        let mut senders: Vec<_> = (1..count).map(|_| sender.clone()).collect();
        senders.push(sender);
        let mut before = Vec::new();
        while let Some(sender) = senders.pop() {
            let seen = receiver.try_recv();
            if before.last() != Some(&seen) {
                before.push(seen);
            }
            drop(sender);
        }
        (before, [receiver.try_recv().map(Some), Ok(receiver.recv()), Ok(receiver.recv())])
    });
    let right = [Err(TryRecvError::Disconnected), Ok(None), Ok(None)];
    require!(before == [Err(TryRecvError::Empty)] && after == right,
        expected: "try_recv to return Err(Empty) while one of {count} senders is left; then Err(Disconnected), and recv None, each time",
        seen: "while one is left {before:?}; then {after:?}",
        likely: "`clone` does not count the new sender, any sender's drop is taken for the last one's, or the count has too few bits",
        read: "hint 3",
    );
}

#[rstest]
#[case::by_recv(|receiver: &mut Receiver<Item>| receiver.recv().map(|Item(number)| number))]
#[case::by_try_recv(|receiver: &mut Receiver<Item>| receiver.try_recv().ok().map(|Item(number)| number))]
fn what_is_in_a_channel_comes_out_when_the_senders_are_gone(
    #[case] take: fn(&mut Receiver<Item>) -> Option<usize>,
) {
    let (sender, mut receiver) = full(2);
    let taken = on_a_thread(move || {
        drop(sender);
        [take(&mut receiver), take(&mut receiver), take(&mut receiver)]
    });
    require!(taken == [Some(1), Some(2), None],
        expected: "the two values that are in the channel, and then none",
        seen: "{taken:?}",
        likely: "whether a sender is left is looked at before the values are, or the last drop throws the values away",
        read: "hint 3",
    );
}

#[rstest]
#[case::that_had_room(1, 0)]
#[case::that_was_full(1, 1)]
#[case::from_hand_to_hand(0, 0)]
fn a_channel_without_a_receiver_hands_the_value_back(
    #[case] capacity: usize,
    #[case] before: usize,
) {
    let handed_back = on_a_thread(move || {
        let (sender, receiver) = channel(capacity);
        for number in 0..before {
            assert_eq!(sender.send(Item(number)), Ok(()), "send on a channel that has room");
        }
        drop(receiver);
        let clone = sender.clone();
        (sender.send(Item(7)), sender.try_send(Item(8)), clone.send(Item(9)))
    });
    let disconnected = Err(TrySendError::Disconnected(Item(8)));
    require!(handed_back == (Err(Item(7)), disconnected, Err(Item(9))),
        expected: "send to return Err with its value, and try_send Err(Disconnected) with its own",
        seen: "{handed_back:?}",
        likely: "the receiver's drop leaves no mark, or whether there is room is looked at before that mark",
        read: "hint 3",
    );
}

#[rstest]
#[case::capacity_1(1)]
#[case::capacity_3(3)]
#[case::from_hand_to_hand(0)]
fn a_send_waits_for_room_or_for_a_hand(#[case] capacity: usize) {
    let (sender, receiver) = full(capacity);
    let threads = Threads::new();
    let thread = threads.spawn("sender", {
        let sender = sender.clone();
        move || sender.send(Item(capacity + 1))
    });
    let settled = threads.settle();
    require!(!thread.is_finished(),
        expected: "send to wait: {capacity} of {capacity} values are in the channel, and the receiver waits for none",
        seen: "it returned",
        likely: "it does not wait, or one value too many is let in (with capacity 0: one); or `if` where a `while` belongs: the first `wait` returns without a notification here",
        read: "hints 2 and 4; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "send to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait",
        read: "hint 2",
    );
    // In one group with the sender: they may wait for each other.
    let taker = threads.spawn("receiver", move || {
        let mut receiver = receiver;
        let first = receiver.recv();
        (first, receiver)
    });
    let received = taker.join("`recv` waits, though a value or a sender is there", "hints 2 and 4");
    assert_eq!(received.0, Some(Item(1)), "the value that was sent first");
    let sent =
        thread.join("`recv` takes a value out and lets no sender on that waits", "hints 2 and 4");
    assert_eq!(sent, Ok(()), "there was room for the value, or a hand");
}

#[test]
fn a_send_of_something_without_a_size_waits_for_room_too() {
    #[derive(Debug, PartialEq)]
    struct Token;

    let (sender, mut receiver) = on_a_thread(|| {
        let (sender, receiver) = channel(1);
        assert_eq!(sender.send(Token), Ok(()), "send on a channel that has room");
        (sender, receiver)
    });
    let refused = on_a_thread(move || {
        let refused = sender.try_send(Token);
        (refused, receiver.recv(), receiver.try_recv())
    });
    let full = Err(TrySendError::Full(Token));
    require!(refused == (full, Some(Token), Err(TryRecvError::Empty)),
        expected: "try_send to be refused: 1 of 1 values is in the channel; the values have no size (`struct Token;`)",
        seen: "{refused:?}",
        likely: "`VecDeque::capacity` is taken for the room in the channel: without a size it is usize::MAX; keep the capacity in a field",
        read: "https://doc.rust-lang.org/std/collections/struct.VecDeque.html#method.with_capacity",
    );
}

#[rstest]
#[case::a_send(1, |sender: Sender<Item>| sender.send(Item(7)).is_ok(), Some(Item(7)))]
#[case::a_try_send(1, |sender: Sender<Item>| sender.try_send(Item(7)).is_ok(), Some(Item(7)))]
#[case::the_last_drop(1, |sender: Sender<Item>| { drop(sender); true }, None)]
#[case::a_send_from_hand_to_hand(0, |sender: Sender<Item>| sender.send(Item(7)).is_ok(), Some(Item(7)))]
#[case::a_try_send_from_hand_to_hand(0, |sender: Sender<Item>| sender.try_send(Item(7)).is_ok(), Some(Item(7)))]
#[case::the_last_drop_with_room_for_nothing(0, |sender: Sender<Item>| { drop(sender); true }, None)]
fn a_recv_sleeps_until(
    #[case] capacity: usize,
    #[case] change: fn(Sender<Item>) -> bool,
    #[case] right: Option<Item>,
) {
    let (sender, mut receiver) = on_a_thread(move || channel(capacity));
    let threads = Threads::new();
    let thread = threads.spawn("receiver", move || receiver.recv());
    let settled = threads.settle();
    require!(!thread.is_finished(),
        expected: "recv to wait: there is no value, and a sender is left",
        seen: "it returned",
        likely: "it does not wait, or `clone` and `drop` do not count; or `if` where a `while` belongs: the first `wait` returns without a notification here",
        read: "hints 2 and 3; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "recv to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait",
        read: "hint 2",
    );
    // In one group with the receiver: they may wait for each other.
    let changer = threads.spawn("sender", move || change(sender));
    let came_in =
        changer.join("the receiver waits, and a value does not reach it", "hints 2 and 4");
    require!(came_in,
        expected: "send and try_send to put the value in: the receiver waits in recv",
        seen: "try_send was refused",
        likely: "with capacity 0, `try_send` does not ask whether the receiver waits",
        read: "hint 4",
    );
    let received = thread.join("the receiver waits, and nobody notifies it", "hints 2 and 3");
    require!(received == right,
        expected: "recv to return {right:?}",
        seen: "{received:?}",
        likely: "a woken recv looks at the senders before it looks for a value",
        read: "hint 3",
    );
}

#[test]
fn with_room_for_nothing_a_try_send_needs_a_receiver_that_waits() {
    let (sender, mut receiver) = on_a_thread(|| channel(0));
    let before = on_a_thread({
        let sender = sender.clone();
        move || sender.try_send(Item(1))
    });
    let threads = Threads::new();
    let thread = threads.spawn("receiver", move || {
        let received = receiver.recv();
        (received, receiver)
    });
    threads.come_to_rest();
    let meanwhile = on_a_thread({
        let sender = sender.clone();
        move || sender.try_send(Item(2))
    });
    let (received, receiver) = thread.join("a try_send wakes no receiver", "hint 4");
    let after = on_a_thread(move || (sender.try_send(Item(3)), receiver).0);
    let full = |number| Err(TrySendError::Full(Item(number)));
    require!(meanwhile == Ok(()) && received == Some(Item(2)),
        expected: "try_send(Item(2)) to return Ok(()) while the receiver waits in recv, which returns Some(Item(2))",
        seen: "{meanwhile:?}, and recv returned {received:?}",
        likely: "nothing says that the receiver waits",
        read: "hint 4",
    );
    require!(before == full(1) && after == full(3),
        expected: "try_send to return Err(Full) before the receiver calls recv, and when recv has returned",
        seen: "before {before:?}, after {after:?}",
        likely: "capacity 0 is treated as 1; or the mark that the receiver waits stays when recv returns",
        read: "hint 4",
    );
}

#[rstest]
#[case::one(1)]
#[case::three(3)]
fn with_room_for_nothing_a_try_recv_takes_from_each_sender_that_waits(#[case] count: usize) {
    let (sender, mut receiver) = on_a_thread(|| channel(0));
    let sender = Arc::new(sender);
    let threads = Threads::new();
    let senders: Vec<_> = (1..=count)
        .map(|number| {
            let sender = Arc::clone(&sender);
            threads.spawn(&format!("sender {number}"), move || sender.send(Item(number)))
        })
        .collect();
    threads.come_to_rest();
    let taker = threads.spawn("receiver", move || {
        let taken: Vec<_> =
            (0..count).map(|_| receiver.try_recv().map(|Item(number)| number)).collect();
        (taken, (receiver.try_recv(), receiver).0)
    });
    let (mut taken, then) = taker.join("`try_recv` waits for good", "README, the task");
    taken.sort_unstable_by_key(|taken| taken.ok());
    let all: Vec<_> = (1..=count).map(Ok).collect();
    require!(taken == all && then == Err(TryRecvError::Empty),
        expected: "{count} calls of try_recv to return the values of the {count} senders that wait in send, and the next one Err(Empty)",
        seen: "{taken:?} in order of the numbers, then {then:?}",
        likely: "a sender that waits keeps its value, or only one of them shows it at a time",
        read: "hint 4",
    );
    for thread in senders {
        let sent = thread.join("`try_recv` takes a value and lets its sender sleep", "hint 4");
        assert_eq!(sent, Ok(()), "the value was received");
    }
}

#[rstest]
#[case::for_room(1)]
#[case::for_a_hand(0)]
fn senders_that_wait_get_their_own_values_back(#[case] capacity: usize) {
    let (sender, receiver) = full(capacity);
    let threads = Threads::new();
    let senders = [10, 20, 30].map(|number| {
        let sender = sender.clone();
        let thread = threads.spawn(&format!("sender {number}"), move || sender.send(Item(number)));
        threads.come_to_rest();
        thread
    });
    on_a_thread(move || drop(receiver));
    let sent = senders.map(|thread| {
        thread.join("the receiver's drop does not wake every sender that waits", "hint 3")
    });
    require!(sent == [10, 20, 30].map(|number| Err(Item(number))),
        expected: "three sends that wait to return their values, 10, 20 and 30 in this order: the receiver is dropped",
        seen: "{sent:?}",
        likely: "the values of those that wait are dropped with the receiver or taken for received; or a sender takes back whichever value lies in front",
        read: "hint 4",
    );
}

/// A value whose destructor does this.
struct Value(Option<Box<dyn FnOnce() + Send>>);

impl Value {
    fn new(destructor: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(destructor)))
    }

    /// A value that adds 1 when it is dropped.
    fn counted(count: &Arc<AtomicUsize>) -> Self {
        let count = Arc::clone(count);
        Self::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(destructor) = self.0.take() {
            destructor();
        }
    }
}

#[test]
fn values_in_the_channel_are_dropped_with_the_receiver() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (before, after) = on_a_thread({
        let dropped = Arc::clone(&dropped);
        move || {
            let (sender, receiver) = channel(3);
            for _ in 0..3 {
                assert!(sender.send(Value::counted(&dropped)).is_ok(), "there is room");
            }
            let before = dropped.load(Ordering::SeqCst);
            drop(receiver);
            (before, (dropped.load(Ordering::SeqCst), sender).0)
        }
    });
    require!(before == 0 && after == 3,
        expected: "3 of 3 values in the channel to be dropped with the receiver, while a sender lives; none before",
        seen: "{after} dropped, {before} of them before",
        likely: "the values stay where they are until the last sender is dropped, too: the receiver has to take them out",
        read: "hint 5",
    );
}

#[rstest]
#[case::the_senders_first(true)]
#[case::the_receiver_first(false)]
fn each_value_is_dropped_once(#[case] senders_first: bool) {
    let dropped = Arc::new(AtomicUsize::new(0));
    let received = on_a_thread({
        let dropped = Arc::clone(&dropped);
        move || {
            let (sender, mut receiver) = channel(3);
            let clone = sender.clone();
            let made = [&sender, &clone, &sender].map(|end| end.send(Value::counted(&dropped)));
            assert!(made.iter().all(Result::is_ok), "there is room");
            let received = receiver.recv().is_some();
            let _refused = sender.try_send(Value::counted(&dropped));
            if senders_first {
                drop((sender, clone, receiver));
            } else {
                drop((receiver, sender, clone));
            }
            received
        }
    });
    let dropped = dropped.load(Ordering::SeqCst);
    assert!(received, "a value that was sent comes out");
    require!(dropped == 4,
        expected: "4 destructors of 4 values to have run when both ends are gone",
        seen: "{dropped} have run",
        likely: "the ends keep each other alive, or a value is forgotten",
        read: "hint 5",
    );
}

#[rstest]
#[case::drop_a_sender(|sender: Sender<Value>| drop(sender))]
#[case::clone_a_sender(|sender: Sender<Value>| drop(sender.clone()))]
#[case::send(|sender: Sender<Value>| assert!(sender.send(Value(None)).is_err(), "send went on"))]
#[case::try_send(|sender: Sender<Value>| match sender.try_send(Value(None)) {
    Err(TrySendError::Disconnected(_)) => {}
    _ => panic!("try_send did not return Disconnected"),
})]
fn a_destructor_may(#[case] use_sender: fn(Sender<Value>)) {
    let dropped = Arc::new(AtomicUsize::new(0));
    let thread = Threads::new().spawn("receiver", {
        let dropped = Arc::clone(&dropped);
        move || {
            let (sender, receiver) = channel(2);
            let inner = sender.clone();
            let value = Value::new(move || use_sender(inner));
            let sent = [sender.send(value), sender.send(Value::counted(&dropped))];
            assert!(sent.iter().all(Result::is_ok), "there is room");
            drop(receiver);
        }
    });
    thread.join(
        "the values are dropped while the mutex is locked, and a destructor uses a sender of the same channel: take the values out, unlock, then drop them",
        "hint 5",
    );
    let dropped = dropped.load(Ordering::SeqCst);
    assert_eq!(dropped, 1, "destructors of the value behind it that have run");
}

#[test]
fn a_destructor_may_wait_for_a_sender_that_waited() {
    let threads = Threads::new();
    let (tell, told) = mpsc::channel();
    let (sender, receiver) = on_a_thread(move || {
        let (sender, receiver) = channel(1);
        let value = Value::new(move || told.recv().expect("the sender goes on"));
        assert!(sender.send(value).is_ok(), "there is room");
        (sender, receiver)
    });
    let thread = threads.spawn("sender", move || {
        let handed_back = sender.send(Value(None)).is_err();
        tell.send(()).expect("the destructor waits for this");
        handed_back
    });
    threads.come_to_rest();
    let dropper = threads.spawn("receiver", move || drop(receiver));
    dropper.join(
        "the values are dropped before the senders that wait are woken, or while the mutex is locked: here a destructor waits for one of these senders",
        "hint 5",
    );
    let handed_back = thread.join("the receiver's drop wakes no sender", "hint 3");
    assert!(handed_back, "the receiver was dropped while send waited");
}

#[test]
fn a_destructor_may_panic() {
    let threads = Threads::new();
    let others_dropped = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = on_a_thread({
        let others_dropped = Arc::clone(&others_dropped);
        move || {
            let (sender, receiver) = channel(3);
            let panics = || Value::new(|| resume_unwind(Box::new("on purpose")));
            let counted = || Value::counted(&others_dropped);
            for value in [counted(), panics(), counted()] {
                assert!(sender.send(value).is_ok(), "there is room");
            }
            (sender, receiver)
        }
    });
    let thread = threads.spawn("sender", {
        let sender = sender.clone();
        move || catch_unwind(AssertUnwindSafe(|| sender.send(Value(None)).is_err()))
    });
    threads.come_to_rest();
    let dropper = threads
        .spawn("receiver", move || catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    let panicked = dropper.join("the drop of the receiver waits", "hint 5");
    assert!(panicked, "a destructor has panicked");
    let dropped = others_dropped.load(Ordering::SeqCst);
    require!(dropped == 2,
        expected: "the 2 other values in the channel to be dropped with the receiver, too, though a destructor has panicked",
        seen: "{dropped} of them",
        likely: "they are taken out and dropped one by one, and the panic ends the loop: take out all of them at once",
        read: "hint 5",
    );
    let waited = thread.join("a destructor has panicked before the senders were woken", "hint 5");
    let later =
        on_a_thread(move || catch_unwind(AssertUnwindSafe(|| sender.send(Value(None)).is_err())));
    let handed_back = [waited.ok(), later.ok()];
    require!(handed_back == [Some(true), Some(true)],
        expected: "a send that waited and one that came later to return Err, though a destructor of a value in the channel has panicked",
        seen: "Some(true) where it did, None where it panicked: {handed_back:?}",
        likely: "the values are dropped while the mutex is locked: the panic poisons it",
        read: "hint 5",
    );
}

#[rstest]
#[case::what_went_through(|sender: &Sender<usize>, receiver: &mut Receiver<usize>, number: usize| {
    sender.send(number).is_ok() && receiver.recv() == Some(number)
})]
#[case::several_at_a_time(|sender: &Sender<usize>, receiver: &mut Receiver<usize>, number: usize| {
    (0..4).all(|_| sender.send(number).is_ok()) && (0..4).all(|_| receiver.try_recv() == Ok(number))
})]
#[case::senders_that_come_and_go(|sender: &Sender<usize>, _: &mut Receiver<usize>, _: usize| {
    drop(sender.clone());
    true
})]
#[case::refusals(|sender: &Sender<usize>, receiver: &mut Receiver<usize>, number: usize| {
    let nothing = receiver.try_recv().is_err();
    let sent = (0..4).all(|_| sender.send(number).is_ok());
    let refused = sender.try_send(number).is_err();
    nothing && sent && refused && (0..4).all(|_| receiver.recv().is_some())
})]
#[case::channels_that_come_and_go(|_: &Sender<usize>, _: &mut Receiver<usize>, number: usize| {
    let (sender, receiver) = channel(1);
    let sent = sender.send(number).is_ok();
    drop(receiver);
    sent && sender.send(number).is_err()
})]
fn nothing_is_kept_of(#[case] round: fn(&Sender<usize>, &mut Receiver<usize>, usize) -> bool) {
    let (growth, went) = on_a_thread(move || {
        let (sender, mut receiver) = channel(4);
        let mut went = true;
        let growth = growth(|number| went &= round(&sender, &mut receiver, number));
        (growth, went)
    });
    let Growth { bytes, .. } = growth;
    assert!(went, "each call of the rounds did what it should");
    require!(!growth.is_there(),
        expected: "after 10000 rounds as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "everything that comes is noted, and not everything that goes is struck out; or the ends of a channel keep each other alive",
        read: "README, the task",
    );
}

#[rstest]
#[case::from_hand_to_hand(0)]
#[case::with_room_for_one(1)]
#[case::with_room_for_five(5)]
fn forty_senders_are_all_heard_each_in_its_order(#[case] capacity: usize) {
    const SENDERS: usize = 40;
    const EACH: usize = 25;
    let threads = Threads::new();
    let (sender, receiver) = on_a_thread(move || channel(capacity));
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let sender = sender.clone();
            threads.spawn(&format!("sender {number}"), move || {
                (0..EACH).all(|count| sender.send((number, count)).is_ok())
            })
        })
        .collect();
    drop(sender);
    let receiver = threads.spawn("receiver", move || {
        let mut receiver = receiver;
        let mut received = vec![Vec::new(); SENDERS];
        while let Some((number, count)) = receiver.recv() {
            received[number].push(count);
        }
        received
    });
    let received =
        receiver.join("a wake-up of a sender or of the receiver is lost", "hints 2 to 4");
    for thread in senders {
        assert!(thread.join("a send is not woken", "hints 2 to 4"), "the receiver was there");
    }
    let in_order: Vec<usize> = (0..EACH).collect();
    let wrong = received.iter().find(|values| **values != in_order);
    require!(wrong.is_none(),
        expected: "0 to 24 from each of 40 senders, in this order",
        seen: "of one of them: {wrong:?}",
        likely: "a value of a sender that waits overtakes another one of the same sender, or is lost",
        read: "hint 1",
    );
}
