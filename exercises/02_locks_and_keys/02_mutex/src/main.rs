//! The experiment: who goes to the kernel, and when.

use std::sync::Arc;
use std::thread;

use mutex::Mutex;
use testkit::sync::spurious::futex::calls;
use testkit::threads::{Settled, Threads};

/// Your lock once more, on a `crate::sync` that counts the calls of the futex.
#[allow(dead_code)]
#[path = "mutex.rs"]
mod counted;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

const WORKERS: u64 = 4;
const ROUNDS: u64 = 1000;

fn main() {
    let door = counted::RawMutex::new();
    for _ in 0..10 {
        door.lock();
        door.unlock();
    }
    let calls = calls();
    println!("one worker goes in and out 10 times: {} futex calls", calls.waits + calls.wakes);

    let door = Arc::new(Mutex::new("the first worker"));
    let first = door.lock();
    let threads = Threads::new();
    let second = threads.spawn("second", {
        let door = Arc::clone(&door);
        move || *door.lock() = "the second worker"
    });
    let settled = threads.settle();
    let how = match settled {
        _ if second.is_finished() => "has come in too",
        Settled::AtRest => "waits, asleep",
        Settled::Spinning(_) => "waits, and looks again and again",
    };
    println!("inside is {}; the second one {how}", *first);
    drop(first);
    second.join("`unlock` does not wake the sleeper", "hint 3");
    println!("the first one leaves; inside was, last, {}", *door.lock());

    let tools = Mutex::new(0);
    thread::scope(|workshop| {
        for _ in 0..WORKERS {
            workshop.spawn(|| {
                for _ in 0..ROUNDS {
                    *tools.lock() += 1;
                }
            });
        }
    });
    println!("{WORKERS} workers count {ROUNDS} tools each: {}", tools.into_inner());
}
