//! What holds in every schedule.
//!
//! `src/channel.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before each
//! of its steps, and in which a wait may wake up for no reason. Scenarios are run under thousands of
//! schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/channel.rs"]
mod channel;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, TrySendError};

use channel::{Receiver, Sender, channel};
use rstest::rstest;
use schedules::shuttle::{explore, explore_a_few_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use sync::thread::{JoinHandle, spawn_as};

/// A channel with these values in it, and room for so many.
fn with_values(capacity: usize, values: &[u32]) -> (Sender<u32>, Receiver<u32>) {
    let (sender, receiver) = channel(capacity);
    for &value in values {
        sender.send(value).expect("there is room for the first values");
    }
    (sender, receiver)
}

/// A thread that sends a value and drops its sender.
fn sends(name: &str, sender: &Sender<u32>, value: u32) -> JoinHandle<Result<(), u32>> {
    let sender = sender.clone();
    spawn_as(name, move || sender.send(value))
}

/// A thread that receives once.
fn receives(mut receiver: Receiver<u32>) -> JoinHandle<(Option<u32>, Receiver<u32>)> {
    spawn_as("receiver", move || (receiver.recv(), receiver))
}

/// All that comes until the end.
fn rest(receiver: &mut Receiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| receiver.recv()).collect()
}

#[rstest]
#[case::with_room(1)]
#[case::from_hand_to_hand(0)]
fn a_recv_goes_on_when_a_value_is_sent(#[case] capacity: usize) {
    let expect = Expect {
        expected: "recv to wait for the send, at whatever moment that comes, and then to return the value",
        likely: "`send` comes between the check in `recv` and its sleep, or notifies before the value is there, or does not notify; or an `if` stands where a `while` belongs, and a wake-up without a notification lets `recv` through",
        explains: Explains::LostWakeUps,
        read: "hint 2; pthread_cond_wait(3p)",
    };
    explore(expect, move || {
        let (sender, receiver) = channel(capacity);
        let thread = receives(receiver);
        assert_eq!(sender.send(1), Ok(()), "what send returned");
        assert_eq!(thread.join().unwrap().0, Some(1), "what recv returned");
    });
}

#[test]
fn a_send_goes_on_when_a_value_is_received() {
    let expect = Expect {
        expected: "send to wait for the recv, at whatever moment that comes, and then to put its value in",
        likely: "`recv` comes between the check in `send` and its sleep, or notifies before it has made room, or does not notify; or an `if` stands where a `while` belongs, and a wake-up without a notification lets `send` through",
        explains: Explains::LostWakeUps,
        read: "hint 2; pthread_cond_wait(3p)",
    };
    explore(expect, || {
        let (sender, mut receiver) = with_values(1, &[1]);
        let thread = sends("sender", &sender, 2);
        assert_eq!(receiver.recv(), Some(1), "what recv returned");
        assert_eq!(thread.join().unwrap(), Ok(()), "what send returned");
        assert_eq!(receiver.recv(), Some(2), "what recv returned then");
    });
}

#[test]
fn room_for_two_lets_two_senders_on() {
    let expect = Expect {
        expected: "both sends to go on: two values were received",
        likely: "`recv` wakes a sender only when the channel was full: the second recv comes before the first sleeper runs, and the other one is never told",
        explains: Explains::LostWakeUps,
        read: "hint 2",
    };
    explore(expect, || {
        let (sender, mut receiver) = with_values(2, &[1, 2]);
        let threads = [sends("S1", &sender, 3), sends("S2", &sender, 4)];
        let received = [receiver.recv(), receiver.recv()];
        assert_eq!(received, [Some(1), Some(2)], "what recv returned");
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()), "what send returned");
        }
    });
}

#[rstest]
#[case::with_room_for_one(1)]
#[case::with_room_for_two(2)]
#[case::from_hand_to_hand(0)]
fn two_senders_are_both_heard_each_in_its_order(#[case] capacity: usize) {
    let expect = Expect {
        expected: "1 before 2, which one thread sends, the 3 of another one, and then None: all senders are gone",
        likely: "a value overtakes another one, two are let in where there is room for one, or a woken thread does not look again",
        explains: Explains::AllThatIsStuck,
        read: "hints 2 and 4",
    };
    explore(expect, move || {
        let (sender, mut receiver) = channel(capacity);
        sends("S2", &sender, 3);
        spawn_as("S1", move || sender.send(1).and_then(|()| sender.send(2)));
        let received = rest(&mut receiver);
        let of_the_first: Vec<u32> = received.iter().copied().filter(|&value| value != 3).collect();
        assert_eq!(of_the_first, [1, 2], "what came from the thread that sent 1 and 2");
        assert_eq!(received.len(), 3, "how many came");
    });
}

#[rstest]
#[case::of_one(1)]
#[case::of_two_at_once(2)]
#[case::with_room_for_nothing(0)]
fn the_last_drop_ends_the_wait_of_a_recv(#[case] senders: usize) {
    let expect = Expect {
        expected: "recv to return None when the last sender is dropped, at whatever moment that is",
        likely: "the drop changes the count without the mutex or notifies before the change; or of two drops at once each takes the other one for the last: `Arc::strong_count` still counts the one that is being dropped",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, move || {
        let (sender, receiver) = channel(senders.min(1));
        if senders == 2 {
            let sender = sender.clone();
            spawn_as("S2", move || drop(sender));
        }
        let thread = receives(receiver);
        drop(sender);
        assert_eq!(thread.join().unwrap().0, None, "what recv returned");
    });
}

#[test]
fn a_sender_that_is_cloned_meanwhile_is_counted() {
    let expect = Expect {
        expected: "the value of a cloned sender to be received, and only then None",
        likely: "`clone` reads the count and writes it later, or does not count",
        explains: Explains::AllThatIsStuck,
        read: "hint 3",
    };
    explore(expect, || {
        let (sender, mut receiver) = channel(1);
        let sender = Arc::new(sender);
        let threads = [("S1", 1), ("S2", 2)].map(|(name, value)| {
            let sender = Arc::clone(&sender);
            spawn_as(name, move || Sender::clone(&sender).send(value))
        });
        drop(sender);
        let mut received = rest(&mut receiver);
        received.sort_unstable();
        assert_eq!(received, [1, 2], "what came");
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()), "what send returned");
        }
    });
}

#[test]
fn what_was_sent_before_the_last_drop_is_received() {
    let expect = Expect {
        expected: "recv to return the value, which was sent before the last sender was dropped",
        likely: "a woken `recv` looks for senders before it looks for a value; or it looks for both at different moments",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let (sender, mut receiver) = channel(1);
        spawn_as("sender", move || sender.send(1));
        assert_eq!([receiver.recv(), receiver.recv()], [Some(1), None], "what came");
    });
}

#[test]
fn a_sender_that_is_dropped_by_a_panic_ends_the_wait_of_a_recv() {
    let expect = Expect {
        expected: "the last sender to be heard, also when a panic drops it",
        likely: "while a panic unwinds, the drop of a sender does less: it asks thread::panicking",
        explains: Explains::LostWakeUps,
        read: "README, the task",
    };
    explore(expect, || {
        let (sender, receiver) = channel(1);
        let thread = receives(receiver);
        spawn_as("sender", move || unwind_through(sender));
        assert_eq!(thread.join().unwrap().0, None, "what recv returned");
    });
}

#[test]
fn a_receiver_that_is_dropped_by_a_panic_ends_the_wait_of_a_send() {
    let expect = Expect {
        expected: "a send that waits to get its value back, also when a panic drops the receiver",
        likely: "while a panic unwinds, the drop of the receiver does less: it asks thread::panicking",
        explains: Explains::LostWakeUps,
        read: "README, the task",
    };
    explore(expect, || {
        let (sender, receiver) = with_values(1, &[1]);
        let thread = sends("sender", &sender, 2);
        spawn_as("receiver", move || unwind_through(receiver));
        assert_eq!(thread.join().unwrap(), Err(2), "what send returned");
    });
}

#[rstest]
#[case::for_room(1)]
#[case::for_a_hand(0)]
fn the_receivers_drop_ends_the_wait_of_every_send(#[case] capacity: usize) {
    let expect = Expect {
        expected: "both sends to return their own values, at whatever moment the receiver is dropped",
        likely: "the drop wakes one of them, or none; it makes its mark without the mutex, or notifies before; or a woken `send` does not look for the receiver",
        explains: Explains::LostWakeUps,
        read: "hint 3; pthread_cond_broadcast(3p)",
    };
    explore(expect, move || {
        let (sender, receiver) = with_values(capacity, &[1, 2, 3][..capacity]);
        let threads = [sends("S1", &sender, 10), sends("S2", &sender, 20)];
        drop(receiver);
        let sent = threads.map(|thread| thread.join().unwrap());
        assert_eq!(sent, [Err(10), Err(20)], "what the sends returned");
    });
}

#[test]
fn a_value_is_handed_back_or_was_received() {
    let expect = Expect {
        expected: "a value that goes from hand to hand to be received, or to come back: the receiver takes one and is dropped",
        likely: "a woken `send` looks for the receiver before it looks whether its value was received; or a value that nobody received is taken for one that was",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let (sender, mut receiver) = channel(0);
        let threads = [(1, sends("S1", &sender, 1)), (2, sends("S2", &sender, 2))];
        let received = receiver.recv().expect("both threads have senders");
        drop(receiver);
        for (value, thread) in threads {
            let right = if value == received { Ok(()) } else { Err(value) };
            assert_eq!(
                thread.join().unwrap(),
                right,
                "{received} was received; what the other sends returned"
            );
        }
    });
}

#[test]
fn from_hand_to_hand_the_sender_goes_on_whose_value_was_received() {
    let expect = Expect {
        expected: "of two sends that wait, the one whose value was received to go on, and the other one to wait",
        likely: "notify_one wakes any of the senders that wait, also one that cannot go on; or a woken send does not ask whether it was its own value",
        explains: Explains::LostWakeUps,
        read: "hint 4; pthread_cond_broadcast(3p)",
    };
    explore(expect, || {
        let (sender, mut receiver) = channel(0);
        let threads = [(1, sends("S1", &sender, 1)), (2, sends("S2", &sender, 2))];
        let received = receiver.recv().expect("both threads have senders");
        for (_, thread) in &threads {
            thread.settle();
        }
        for (value, thread) in &threads {
            let is_on = thread.is_finished();
            assert_eq!(
                is_on,
                *value == received,
                "{received} was received; the send of {value} has returned"
            );
        }
        assert_eq!(receiver.recv(), Some(3 - received), "what recv returned then");
    });
}

#[test]
fn from_hand_to_hand_one_of_two_try_sends_reaches_the_receiver() {
    let expect = Expect {
        expected: "one of two calls of try_send to succeed, and the other one to be refused: the receiver waits for one value",
        likely: "`try_send` asks whether the receiver waits, and not whether another value is on its way to it already",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, || {
        let (sender, receiver) = channel(0);
        let thread = receives(receiver);
        thread.settle();
        let tries = [("S1", 1), ("S2", 2)].map(|(name, value)| {
            let sender = sender.clone();
            spawn_as(name, move || sender.try_send(value))
        });
        let tried = tries.map(|thread| thread.join().unwrap());
        let (received, mut receiver) = thread.join().unwrap();
        let one = [Ok(()), Err(TrySendError::Full(2))];
        let other = [Err(TrySendError::Full(1)), Ok(())];
        let right = if received == Some(1) { one } else { other };
        assert_eq!(tried, right, "recv returned {received:?}; what the calls of try_send returned");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "what is left");
    });
}

#[test]
fn from_hand_to_hand_a_receiver_that_waits_hears_a_try_send() {
    let expect = Expect {
        expected: "try_send to succeed: the receiver sleeps in recv",
        likely: "the mark that the receiver waits is taken back when it wakes up for no reason, and not set again",
        explains: Explains::LostWakeUps,
        read: "hint 4",
    };
    explore(expect, || {
        let (sender, receiver) = channel(0);
        let thread = receives(receiver);
        thread.settle();
        assert_eq!(sender.try_send(1), Ok(()), "what try_send returned");
        assert_eq!(thread.join().unwrap().0, Some(1), "what recv returned");
    });
}

#[test]
fn a_try_send_is_refused_only_when_there_is_no_room() {
    let expect = Expect {
        expected: "try_send and try_recv to succeed: at every moment there was room, and a value",
        likely: "Mutex::try_lock: that the mutex is busy does not mean that there is no room, or no value",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, || {
        let (sender, mut receiver) = with_values(4, &[1]);
        sends("S1", &sender, 2);
        let thread = spawn_as("S2", move || sender.try_send(3));
        assert_eq!(receiver.try_recv(), Ok(1), "what try_recv returned");
        assert_eq!(thread.join().unwrap(), Ok(()), "what try_send returned");
    });
}

#[test]
fn room_for_one_is_for_one_of_two_try_sends() {
    let expect = Expect {
        expected: "one of two calls of try_send to succeed, and the other one to be refused: there is room for one value",
        likely: "a call is made of two steps, and another one comes in between: look for room and put the value in under one lock",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, || {
        let (sender, mut receiver) = channel(1);
        let tries = [("S1", 1), ("S2", 2)].map(|(name, value)| {
            let sender = sender.clone();
            spawn_as(name, move || sender.try_send(value))
        });
        let tried = tries.map(|thread| thread.join().unwrap());
        let received = receiver.try_recv();
        let one = [Ok(()), Err(TrySendError::Full(2))];
        let other = [Err(TrySendError::Full(1)), Ok(())];
        let right = if received == Ok(1) { one } else { other };
        assert_eq!(tried, right, "{received:?} was received; what the calls of try_send returned");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "what is left");
    });
}

/// What a channel is when one thread uses it after another.
#[derive(Clone)]
struct Model {
    capacity: usize,
    values: VecDeque<u32>,
    /// Values of sends that wait.
    offered: Vec<u32>,
    /// Values that were offered and received, and whose sends have not returned.
    received: Vec<u32>,
    /// Calls of recv that wait.
    receiving: usize,
    senders: usize,
    receiver_is_gone: bool,
}

impl Model {
    fn new(capacity: usize, values: &[u32], senders: usize) -> Self {
        Self {
            capacity,
            values: values.to_vec().into(),
            offered: Vec::new(),
            received: Vec::new(),
            receiving: 0,
            senders,
            receiver_is_gone: false,
        }
    }

    fn has_room(&self) -> bool {
        self.values.len() < self.capacity.max(self.receiving.min(1))
    }

    /// A send that has arrived: its value is offered.
    fn send(&mut self, value: u32) -> Option<String> {
        let is_mine = |other: &u32| *other == value;
        if let Some(index) = self.received.iter().position(is_mine) {
            self.received.remove(index);
            return Some("in".to_owned());
        }
        if !self.receiver_is_gone && !self.has_room() {
            return None;
        }
        let index = self.offered.iter().position(is_mine).expect("it was offered");
        self.offered.remove(index);
        Some(self.put_in(value))
    }

    fn try_send(&mut self, value: u32) -> Option<String> {
        if !self.receiver_is_gone && !self.has_room() {
            return Some("full".to_owned());
        }
        Some(self.put_in(value))
    }

    fn put_in(&mut self, value: u32) -> String {
        if self.receiver_is_gone {
            return "handed back".to_owned();
        }
        self.values.push_back(value);
        "in".to_owned()
    }

    fn take(&mut self) -> Option<u32> {
        self.values.pop_front().or_else(|| {
            let is_there = self.capacity == 0 && !self.offered.is_empty();
            let value = is_there.then(|| self.offered.remove(0))?;
            self.received.push(value);
            Some(value)
        })
    }

    /// A recv that has arrived.
    fn recv(&mut self) -> Option<String> {
        let value = self.take();
        if value.is_none() && self.senders > 0 {
            return None;
        }
        self.receiving -= 1;
        Some(told(value))
    }

    fn try_recv(&mut self) -> Option<String> {
        if self.receiver_is_gone {
            return Some("gone".to_owned());
        }
        let (value, senders) = (self.take(), self.senders);
        let none = if senders == 0 { "disconnected" } else { "empty" };
        Some(value.map_or(none.to_owned(), |value| value.to_string()))
    }
}

fn told(value: Option<u32>) -> String {
    value.map_or("None".to_owned(), |value| value.to_string())
}

/// Both ends, for threads that take turns at the receiver and at the senders that are left.
struct Ends {
    /// Of all who send; `None` when all have gone.
    sender: std::sync::Mutex<Option<Arc<Sender<u32>>>>,
    /// Others, which only go. One at a time: who finds none left finds that all have gone.
    others: sync::Mutex<Vec<Sender<u32>>>,
    receiver: sync::Mutex<Option<Receiver<u32>>>,
}

impl Ends {
    fn new((sender, receiver): (Sender<u32>, Receiver<u32>)) -> Self {
        Self {
            sender: std::sync::Mutex::new(Some(Arc::new(sender))),
            others: sync::Mutex::new(Vec::new()),
            receiver: sync::Mutex::new(Some(receiver)),
        }
    }

    /// Only senders that can go.
    fn with_others((sender, receiver): (Sender<u32>, Receiver<u32>), count: usize) -> Self {
        let ends = Self::new((sender.clone(), receiver));
        let others = (1..count).map(|_| sender.clone()).collect();
        *ends.others.lock().unwrap() = others;
        ends.others.lock().unwrap().push(sender);
        ends.sender.lock().unwrap().take();
        ends
    }

    fn sender(&self) -> Arc<Sender<u32>> {
        Arc::clone(self.sender.lock().unwrap().as_ref().expect("a sender is left"))
    }

    fn send(&self, value: u32) -> String {
        if self.sender().send(value).is_ok() { "in".to_owned() } else { "handed back".to_owned() }
    }

    fn try_send(&self, value: u32) -> String {
        let told = match self.sender().try_send(value) {
            Ok(()) => "in",
            Err(TrySendError::Full(_)) => "full",
            Err(TrySendError::Disconnected(_)) => "handed back",
        };
        told.to_owned()
    }

    fn recv(&self) -> String {
        told(self.receiver.lock().unwrap().as_mut().expect("the receiver is left").recv())
    }

    fn try_recv(&self) -> String {
        match self.receiver.lock().unwrap().as_mut().map(Receiver::try_recv) {
            None => "gone".to_owned(),
            Some(Ok(value)) => value.to_string(),
            Some(Err(TryRecvError::Empty)) => "empty".to_owned(),
            Some(Err(TryRecvError::Disconnected)) => "disconnected".to_owned(),
        }
    }

    fn drop_one(&self) -> String {
        let mut others = self.others.lock().unwrap();
        let is_there = others.pop().map(drop).is_some();
        if is_there { "dropped" } else { "none is left" }.to_owned()
    }

    fn drop_all(&self) -> String {
        let all =
            (self.sender.lock().unwrap().take(), std::mem::take(&mut *self.others.lock().unwrap()));
        drop(all);
        String::new()
    }
}

const SEND_ONE: Operation<Model, Ends> =
    Operation::new("send(1)", |model: &mut Model| model.send(1), |ends: &Ends| ends.send(1))
        .arriving(|model| model.offered.push(1));

const SEND_TWO: Operation<Model, Ends> =
    Operation::new("send(2)", |model: &mut Model| model.send(2), |ends: &Ends| ends.send(2))
        .arriving(|model| model.offered.push(2));

const TRY_SEND: Operation<Model, Ends> =
    Operation::new("try_send(3)", |model| model.try_send(3), |ends| ends.try_send(3));

const RECV: Operation<Model, Ends> =
    Operation::new("recv()", Model::recv, Ends::recv).arriving(|model| model.receiving += 1);

const TRY_RECV: Operation<Model, Ends> =
    Operation::new("try_recv()", Model::try_recv, Ends::try_recv);

const CLONE_AND_DROP: Operation<Model, Ends> = Operation::new(
    "clone and drop",
    |_| Some(String::new()),
    |ends| {
        drop(Sender::clone(&ends.sender()));
        String::new()
    },
);

const DROP_ONE: Operation<Model, Ends> = Operation::new(
    "drop a sender",
    |model| {
        let is_there = model.senders > 0;
        model.senders -= usize::from(is_there);
        Some(if is_there { "dropped" } else { "none is left" }.to_owned())
    },
    Ends::drop_one,
);

const DROP_ALL: Operation<Model, Ends> = Operation::new(
    "drop all senders",
    |model| {
        model.senders = 0;
        Some(String::new())
    },
    Ends::drop_all,
);

const DROP_RECEIVER: Operation<Model, Ends> = Operation::new(
    "drop the receiver",
    |model| {
        model.receiver_is_gone = true;
        model.values.clear();
        Some(String::new())
    },
    |ends| {
        ends.receiver.lock().unwrap().take();
        String::new()
    },
);

const ANSWERS: Expect = Expect {
    expected: "the answers of some order in which the calls happen one after another, also of those that come later",
    likely: "a call is made of two steps, and another one comes in between; or what is noted beside the values is not true at every moment",
    explains: Explains::Invariants,
    read: "README, the task",
};

#[rstest]
#[case::from_hand_to_hand(0, &[], || Ends::new(with_values(0, &[])))]
#[case::with_room_for_one(1, &[], || Ends::new(with_values(1, &[])))]
fn every_answer_is_that_of_some_order(
    #[case] capacity: usize,
    #[case] values: &[u32],
    #[case] make: fn() -> Ends,
) {
    let trial = Trial {
        start: Model::new(capacity, values, 1),
        make,
        sequences: &[&[SEND_ONE], &[SEND_TWO], &[TRY_SEND], &[RECV], &[CLONE_AND_DROP]],
        afterwards: &[TRY_SEND, DROP_ALL, TRY_RECV, TRY_RECV, RECV],
    };
    explore_a_few_programs(ANSWERS, trial);
}

#[rstest]
#[case::from_hand_to_hand(0, &[], || Ends::new(with_values(0, &[])))]
#[case::of_a_full_one(1, &[7], || Ends::new(with_values(1, &[7])))]
fn every_answer_is_that_of_some_order_when_the_receiver_may_go(
    #[case] capacity: usize,
    #[case] values: &[u32],
    #[case] make: fn() -> Ends,
) {
    let trial = Trial {
        start: Model::new(capacity, values, 1),
        make,
        sequences: &[&[SEND_ONE], &[SEND_TWO], &[TRY_SEND], &[TRY_RECV], &[DROP_RECEIVER]],
        afterwards: &[TRY_RECV, TRY_SEND, TRY_RECV, DROP_RECEIVER, TRY_SEND, SEND_ONE],
    };
    explore_a_few_programs(ANSWERS, trial);
}

const DROPS: [&[Operation<Model, Ends>]; 2] = [&[DROP_ONE], &[DROP_ONE, DROP_ONE]];

#[rstest]
#[case::and_recv_waits(&[7], || Ends::with_others(with_values(1, &[7]), 3), &[DROPS[0], DROPS[1], &[RECV]])]
#[case::and_try_recv_looks(&[7], || Ends::with_others(with_values(1, &[7]), 3), &[DROPS[0], DROPS[1], &[TRY_RECV]])]
fn every_answer_is_that_of_some_order_when_senders_go(
    #[case] values: &[u32],
    #[case] make: fn() -> Ends,
    #[case] sequences: &'static [&'static [Operation<Model, Ends>]],
) {
    let trial = Trial {
        start: Model::new(1, values, 3),
        make,
        sequences,
        afterwards: &[TRY_RECV, DROP_ONE, DROP_ONE, DROP_ONE, TRY_RECV, RECV],
    };
    explore_a_few_programs(ANSWERS, trial);
}
