//! The experiment: ten workers need one drawing.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use once::OnceCell;
use testkit::sync::spurious::futex::calls;
use testkit::sync::spurious::locks;
use testkit::threads::Threads;

/// Your cell once more, on a `crate::sync` that counts the locks and the calls of the futex.
#[allow(dead_code)]
#[path = "once.rs"]
mod counted;
#[allow(dead_code)]
mod slot;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

const WORKERS: usize = 10;
const LOOKS: usize = 1000;

fn main() {
    ten_workers();
    looking_costs_nothing();
    giving_up();
}

fn ten_workers() {
    let (wall, drawn) = (Arc::new(OnceCell::new()), Arc::new(AtomicU32::new(0)));
    let threads = Threads::new();
    let workers: Vec<_> = (1..=WORKERS)
        .map(|number| {
            let (wall, drawn) = (Arc::clone(&wall), Arc::clone(&drawn));
            threads.spawn(&format!("worker {number}"), move || {
                let draw = || {
                    drawn.fetch_add(1, Ordering::SeqCst);
                    format!("the drawing of worker {number}")
                };
                wall.get_or_init(draw).clone()
            })
        })
        .collect();
    let join = |worker: testkit::threads::Thread<String>| {
        worker.join("a thread that waits for the value is not woken", "hint 3")
    };
    let seen: Vec<String> = workers.into_iter().map(join).collect();
    let all_the_same = seen.iter().all(|drawing| *drawing == seen[0]);
    println!("{WORKERS} workers need a drawing; drawn: {}", drawn.load(Ordering::SeqCst));
    println!("they have read {}", if all_the_same { "the same one" } else { "different ones" });
}

fn looking_costs_nothing() {
    let wall = counted::OnceCell::new();
    wall.get_or_init(|| 1);
    let (locks_before, calls_before) = (locks(), calls());
    let seen = (0..LOOKS).filter(|_| *wall.get_or_init(|| 2) == 1).count();
    let (calls, locks) = (calls(), locks() - locks_before);
    let calls = calls.waits + calls.wakes - calls_before.waits - calls_before.wakes;
    println!("it is read {seen} times more: {locks} locks, {calls} futex calls");
}

fn giving_up() {
    // The panics are part of the experiment.
    panic::set_hook(Box::new(|_| {}));
    let told = Threads::new()
        .spawn("drawer", || {
            let wall = OnceCell::new();
            let gives_up = || -> u32 { panic!("no ink") };
            let first = said(|| *wall.get_or_init(gives_up));
            let second = said(|| *wall.get_or_init(|| *wall.get_or_init(|| 1) + 1));
            let third = said(|| *wall.get_or_init(|| 3));
            [first, second, third]
        })
        .join(
            "a closure's panic, or its own call, leaves the cell so that the next call waits",
            "hint 4",
        );
    drop(panic::take_hook());
    println!("one gives up: {}", told[0]);
    println!("one needs the drawing to draw it: {}", told[1]);
    println!("the next one draws: {}", told[2]);
}

/// The value, or the word in the panic that says why there is none.
fn said(look: impl FnOnce() -> u32) -> String {
    match catch_unwind(AssertUnwindSafe(look)) {
        Ok(value) => format!("it is number {value}"),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let known = ["re-entrant", "no ink"].into_iter().find(|word| text.contains(word));
            format!("a panic, {}", known.unwrap_or("with another message"))
        }
    }
}
