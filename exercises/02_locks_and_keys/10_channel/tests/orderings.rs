//! What the receiver sees of what a sender did.
//!
//! `src/channel.rs` is compiled here with atomics that are as weak as the memory model allows, for channels
//! that count or mark something by an atomic. A mutex orders everything by itself.

#[allow(dead_code)]
#[path = "../src/channel.rs"]
mod channel;

#[allow(unused_imports)]
mod sync {
    pub use schedules::loom::sync::*;
}

use std::mem::forget;
use std::sync::Arc;

use channel::{Receiver, Sender, channel};
use schedules::loom::explore;
use schedules::{Expect, Explains};
use sync::UnsafeCell;
use sync::thread::spawn_as;

/// A channel that has been in use: all that it is made of is there before a second thread is.
fn used() -> (Sender<()>, Receiver<()>) {
    let (sender, mut receiver) = channel(1);
    drop(sender.clone());
    assert_eq!(sender.send(()), Ok(()), "send on a channel that has room");
    assert_eq!(receiver.try_recv(), Ok(()), "what try_recv returned");
    (sender, receiver)
}

#[test]
fn who_receives_sees_what_was_done_before_the_send() {
    let expect = Expect {
        expected: "everything that the sender did before send to happen before everything that the receiver does after recv",
        likely: "a value or its mark goes over without a lock, and without Release on one side and Acquire on the other",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let parcel = Arc::new(UnsafeCell::new(0));
        let (sender, mut receiver) = used();
        spawn_as("sender", {
            let parcel = Arc::clone(&parcel);
            move || {
                parcel.set(7);
                sender.send(())
            }
        });
        spawn_as("receiver", move || {
            assert_eq!(receiver.recv(), Some(()), "what recv returned");
            // A race is a panic, and no destructor is to run in it.
            forget(receiver);
            assert_eq!(parcel.get(), 7, "what the sender wrote");
        });
    });
}

#[test]
fn who_hears_of_the_end_sees_what_was_done_before_the_last_drop() {
    let expect = Expect {
        expected: "everything that the last sender's owner did before it dropped it to happen before everything that the receiver does after None",
        likely: "the senders are counted or their end is marked by an atomic, and the receiver's load is not Acquire, or the drop's change is not Release",
        explains: Explains::Invariants,
        read: "https://doc.rust-lang.org/std/sync/atomic/enum.Ordering.html",
    };
    explore(expect, || {
        let parcel = Arc::new(UnsafeCell::new(0));
        let (sender, mut receiver) = used();
        spawn_as("sender", {
            let parcel = Arc::clone(&parcel);
            move || {
                parcel.set(7);
                drop(sender);
            }
        });
        spawn_as("receiver", move || {
            assert_eq!(receiver.recv(), None, "what recv returned");
            // A race is a panic, and no destructor is to run in it.
            forget(receiver);
            assert_eq!(parcel.get(), 7, "what the sender's owner wrote");
        });
    });
}
