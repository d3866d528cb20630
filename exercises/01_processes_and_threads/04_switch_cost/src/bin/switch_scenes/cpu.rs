//! The CPU: what is pinned, and that it is as before afterwards.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::SeqCst;
use std::{io, panic, thread};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::{Pid, gettid};
use switch_cost::pinned;
use switch_cost::sides::{Between, Side};

use super::board::{allowed, allowed_of, board};
use super::clock;
use super::play::{play, tell};

/// The one on which this thread is pinned, which is one of these.
fn pin_among(before: &[usize]) -> String {
    match allowed()[..] {
        [cpu] if before.contains(&cpu) => "one CPU, an allowed one".to_owned(),
        [_] => "one CPU, not an allowed one".to_owned(),
        ref cpus => format!("{} CPUs", cpus.len()),
    }
}

fn allow(cpus: &[usize]) {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu).expect("there is such a CPU");
    }
    sched_setaffinity(Pid::from_raw(0), &set).expect("this thread was allowed to run there");
}

/// The scene prints what is left of it: so it is all as before.
pub fn on_the_last_cpu_only(scene: impl FnOnce()) {
    let before = allowed();
    let last = *before.last().expect("there is a CPU");
    allow(&[last]);
    scene();
    println!("afterwards the last CPU only: {}", allowed() == [last]);
    allow(&before);
}

pub fn a_pinned_body() {
    let before = allowed();
    let body = || (vec![pin_among(&before)], "returned");
    match pinned(body) {
        Ok((pin, result)) => println!("the body: {}, {result}", pin.join("")),
        Err(_) => println!("an error"),
    }
}

pub fn a_pinned_body_panics() {
    let before = allowed();
    let pin = Cell::new(String::new());
    let body = AssertUnwindSafe(|| {
        pinned(|| {
            pin.set(pin_among(&before));
            panic::resume_unwind(Box::new("on purpose"))
        })
    });
    let ended: thread::Result<io::Result<()>> = panic::catch_unwind(body);
    println!("the body: {}, then {}", pin.take(), if ended.is_err() { "a panic" } else { "none" });
    println!("afterwards as before: {}", allowed() == before);
    allow(&before);
}

pub fn pinned_within_pinned() {
    let before = allowed();
    let pins = pinned(|| {
        let (outer, cpus) = (pin_among(&before), allowed());
        let inner = pinned(|| pin_among(&cpus)).unwrap_or_default();
        [outer, inner, if allowed() == cpus { "as before" } else { "changed" }.to_owned()]
    });
    println!("outside, within, and outside again: {}", pins.unwrap_or_default().join("; "));
}

pub fn a_pinned_body_moves() {
    let before = allowed();
    let pin = pinned(|| {
        let pin = pin_among(&before);
        allow(&before);
        pin
    });
    println!("the body: {}", pin.unwrap_or_default());
}

pub fn a_pinned_thread_that_is_not_the_first() {
    let (before, first) = (allowed(), gettid());
    let body = || (pin_among(&before), allowed_of(first) == before);
    let pin = thread::scope(|scope| {
        let pin = || (pinned(body).unwrap_or_default(), allowed() == before);
        scope.spawn(pin).join().expect("nothing panics there")
    });
    let ((pin, first_is_left_alone), is_restored) = pin;
    println!("the body: {pin}; the first thread as before: {first_is_left_alone}");
    println!("the pinned thread afterwards as before: {is_restored}");
}

pub fn pinned_where_it_is_refused() {
    clock::refuse_affinity();
    let is_called = Cell::new(false);
    let result = pinned(|| is_called.set(true));
    let result = if result.is_err() { "an error" } else { "no error" };
    println!("{result}, the body is called: {}", is_called.get());
}

pub fn cpu(between: Between) {
    let before = allowed();
    let cost = play(between, 3, |_, _| {
        let is_allowed = pin_among(&before) == "one CPU, an allowed one";
        board().marks[0].fetch_add(u64::from(is_allowed), SeqCst);
    });
    println!("turns on one CPU, an allowed one: {}", board().marks[0].load(SeqCst));
    let cpu = |side| board().side(side).cpu.load(SeqCst);
    let same = cpu(Side::Ping) == cpu(Side::Pong) && cpu(Side::Ping) != 0;
    println!("both sides on the same one, in every turn: {same}");
    tell(cost);
}

pub fn game_of_a_thread_that_is_not_the_first(between: Between) {
    let (before, first) = (allowed(), gettid());
    let game = || {
        let cost = play(between, 3, |_, _| {
            let is_left_alone = allowed_of(first) == before;
            board().marks[0].fetch_add(u64::from(is_left_alone), SeqCst);
        });
        (cost, allowed() == before)
    };
    let (cost, is_restored) =
        thread::scope(|scope| scope.spawn(game).join().expect("nothing panics there"));
    let (ping, pong) = (board().side(Side::Ping), board().side(Side::Pong));
    let cpus = [ping, pong].map(|side| side.cpu.load(SeqCst));
    println!("both sides on the same CPU: {}", cpus[0] == cpus[1] && cpus[0] != 0);
    println!("turns in which the first thread was left alone: {}", board().marks[0].load(SeqCst));
    println!("the caller afterwards as before: {is_restored}");
    tell(cost);
}
