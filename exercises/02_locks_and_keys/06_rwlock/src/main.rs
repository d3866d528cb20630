//! The experiment: who gets in beside whom, and in which order.

use std::sync::Arc;
use std::thread;

use rwlock::RwLock;
use testkit::threads::{Settled, Thread, Threads};

const WORKERS: u64 = 4;
const ROUNDS: u64 = 1000;

fn main() {
    let plan = Arc::new(RwLock::new("the old plan"));
    let first = plan.read();
    let second = plan.try_read();
    println!("one reads {}; a second reader {}", *first, came_in(second.is_some()));

    let threads = Threads::new();
    let writer = threads.spawn("writer", {
        let plan = Arc::clone(&plan);
        move || *plan.write() = "the new plan"
    });
    let settled = threads.settle();
    println!("the writer {}", state(&writer, &settled));
    println!("a third reader {}", came_in(plan.try_read().is_some()));
    let reader = threads.spawn("reader", {
        let plan = Arc::clone(&plan);
        move || *plan.read()
    });
    let settled = threads.settle();
    println!("a fourth one {}", state(&reader, &settled));

    drop(first);
    drop(second);
    writer.join("the last `unlock_read` does not wake the writer", "hint 3");
    let read = reader.join("`unlock_write` does not wake the reader", "hint 3");
    println!("the readers leave, and the writer comes and goes");
    println!("the fourth reader reads {read}");

    let tools = RwLock::new(0);
    thread::scope(|workshop| {
        for _ in 0..WORKERS {
            workshop.spawn(|| {
                for _ in 0..ROUNDS {
                    *tools.write() += 1;
                }
            });
        }
    });
    println!("{WORKERS} workers count {ROUNDS} tools each: {}", tools.into_inner());
}

fn came_in(did: bool) -> &'static str {
    if did { "comes in" } else { "is refused" }
}

fn state<T>(worker: &Thread<T>, settled: &Settled) -> &'static str {
    match settled {
        _ if worker.is_finished() => "comes in",
        Settled::AtRest => "waits, asleep",
        Settled::Spinning(_) => "waits, and looks again and again",
    }
}
