//! No clerk waits for another: whoever stops in the middle of something is in nobody's way.
//!
//! `src/till.rs` is compiled here with a `crate::sync` whose atomics count how often they are used,
//! and can stop a thread before it uses one. With a lock, a clerk who stops inside holds up the others.

#[allow(dead_code)]
#[path = "../src/till.rs"]
mod till;

#[allow(unused_imports, dead_code)]
mod sync {
    pub use testkit::sync::std::*;

    pub mod atomic {
        use std::ops::Deref;
        use std::sync::atomic as real;

        pub use real::{Ordering, fence};

        macro_rules! counted {
            ($($name:ident: $value:ty),*) => {$(
                #[derive(Debug, Default)]
                pub struct $name(real::$name);

                impl $name {
                    pub const fn new(value: $value) -> Self {
                        Self(real::$name::new(value))
                    }
                }

                /// Each call of a method of the atomic comes by here.
                impl Deref for $name {
                    type Target = real::$name;

                    fn deref(&self) -> &real::$name {
                        crate::step();
                        &self.0
                    }
                }
            )*};
        }

        counted!(AtomicBool: bool, AtomicI32: i32, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);
    }
}

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex};

use rstest::rstest;
use testkit::require;
use testkit::threads::{Settled, Threads};
use till::Till;

/// What a thread has used of its atomics, and where it stops.
#[derive(Default)]
struct Steps {
    state: Mutex<State>,
    goes_on: Condvar,
}

#[derive(Default)]
struct State {
    taken: usize,
    stop_before: Option<usize>,
}

thread_local! {
    static STEPS: RefCell<Option<Arc<Steps>>> = const { RefCell::new(None) };
}

/// The running thread is about to use an atomic.
fn step() {
    let Some(steps) = STEPS.with_borrow(Option::clone) else {
        return;
    };
    let state = steps.state.lock().unwrap();
    let mut state =
        steps.goes_on.wait_while(state, |state| state.stop_before == Some(state.taken)).unwrap();
    state.taken += 1;
}

impl Steps {
    fn stopping_before(step: usize) -> Arc<Self> {
        let state = State { taken: 0, stop_before: Some(step) };
        Arc::new(Self { state: Mutex::new(state), goes_on: Condvar::new() })
    }

    fn of<T>(self: Arc<Self>, body: impl FnOnce() -> T) -> T {
        STEPS.set(Some(self));
        let value = body();
        STEPS.take();
        value
    }

    fn taken(&self) -> usize {
        self.state.lock().unwrap().taken
    }

    fn go_on(&self) {
        self.state.lock().unwrap().stop_before = None;
        self.goes_on.notify_all();
    }
}

fn deposit(till: &Till) {
    till.deposit(1);
}

fn withdraw(till: &Till) {
    till.withdraw(1);
}

fn record(till: &Till) {
    till.record(50);
}

#[rstest]
#[case::a_deposit(deposit)]
#[case::a_withdrawal(withdraw)]
#[case::a_record(record)]
fn what_a_clerk_does_is_done_with_atomics_of_crate_sync(#[case] act: fn(&Till)) {
    let steps = Arc::new(Steps::default());
    let of_clerk = Arc::clone(&steps);
    let clerk = Threads::new().spawn("clerk", move || of_clerk.of(|| act(&Till::new(10))));
    clerk.join("a loop that never ends", "hint 3");
    let taken = steps.taken();
    require!(taken > 0,
        expected: "at least one operation on an atomic of crate::sync",
        seen: "{taken} of them",
        likely: "the atomics are those of std::sync, which the other tests cannot see into; or a lock guards a plain number",
        read: "README, the task",
    );
}

#[rstest]
fn a_clerk_who_stops_in_the_middle_is_in_nobodys_way(
    #[values(deposit, withdraw, record)] stopped: fn(&Till),
    #[values(deposit, withdraw, record)] going: fn(&Till),
) {
    for step in 0.. {
        let till = Arc::new(Till::new(10));
        let threads = Threads::new();
        let steps = Steps::stopping_before(step);
        let sleeper = threads.spawn("sleeper", {
            let (till, steps) = (Arc::clone(&till), Arc::clone(&steps));
            move || steps.of(|| stopped(&till))
        });
        threads.settle();
        let done = sleeper.is_finished();
        let other = threads.spawn("other", {
            let till = Arc::clone(&till);
            move || going(&till)
        });
        let settled = threads.settle();
        let finished = other.is_finished();
        // Nobody is left behind, whatever is said next.
        steps.go_on();
        let how = match settled {
            Settled::AtRest => "is asleep",
            Settled::Spinning(_) => "keeps a CPU busy",
        };
        require!(finished,
            expected: "the other clerk to finish while one stands still in the middle of what he does",
            seen: "it {how}: the one has used an atomic {step} times, stands still, and has not finished",
            likely: "a lock, or a flag that works like one: whoever holds it and is put to sleep holds up everybody",
            read: "README, the task",
        );
        sleeper.join(
            "he was overtaken, and tries in vain ever since: decide again from what is there now",
            "hint 3",
        );
        if done {
            break;
        }
    }
}
