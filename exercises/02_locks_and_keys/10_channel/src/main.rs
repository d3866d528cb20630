//! The experiment: parcels go through a hatch, and it is over when one side has gone home.

use channel::channel;
use testkit::threads::{Settled, Thread, Threads};

/// A parcel that says when it is thrown away.
struct Parcel(&'static str);

impl Drop for Parcel {
    fn drop(&mut self) {
        println!("thrown away: {}", self.0);
    }
}

fn main() {
    println!("room for two, and two workers:");
    let (sender, receiver) = channel(2);
    let threads = Threads::new();
    let first = threads.spawn("first worker", {
        let sender = sender.clone();
        move || (1..=3).all(|number| sender.send(format!("first, {number}")).is_ok())
    });
    let settled = threads.settle();
    println!("  the first one {}", state(&first, &settled));
    let packer = threads.spawn("packer", move || receiver.collect::<Vec<_>>());
    first.join("`recv` makes room and lets no sender on", "hint 2");
    let settled = threads.settle();
    println!("  the first one goes home; the packer {}", state(&packer, &settled));
    drop(sender);
    let packed = packer.join("the last sender's drop wakes nobody", "hint 3");
    println!("  the second one goes home; the packer has packed {packed:?}");

    println!("room for nothing:");
    let (sender, mut receiver) = channel(0);
    let threads = Threads::new();
    let worker = threads.spawn("worker", move || sender.send("from hand to hand"));
    let settled = threads.settle();
    println!("  the worker {}", state(&worker, &settled));
    println!("  the packer receives {:?}", receiver.recv());
    let sent = worker.join("`recv` takes a value and lets its sender wait", "hint 4");
    println!("  the worker goes on: {sent:?}");

    println!("room for one, and the packer goes home:");
    let (sender, receiver) = channel(1);
    let threads = Threads::new();
    let worker = threads.spawn("worker", move || {
        let parcels = ["the one in the hatch", "the one in my hands"].map(Parcel);
        let refused = parcels.into_iter().find_map(|parcel| sender.send(parcel).err());
        refused.map(|parcel| {
            let name = parcel.0;
            std::mem::forget(parcel);
            name
        })
    });
    let settled = threads.settle();
    println!("  the worker {}", state(&worker, &settled));
    print!("  ");
    drop(receiver);
    let kept = worker.join("the receiver's drop wakes no sender", "hint 3");
    println!("  kept: {}", kept.unwrap_or("nothing"));
}

fn state<T>(worker: &Thread<T>, settled: &Settled) -> &'static str {
    match settled {
        _ if worker.is_finished() => "has gone home",
        Settled::AtRest => "waits, asleep",
        Settled::Spinning(_) => "waits, and looks again and again",
    }
}
