//! No clerk waits for another: a clerk that stops in the middle of an operation holds up nobody.
//!
//! `src/till.rs` is compiled here with a `crate::sync` whose atomics count how often they are used.
//! Before such a use a clerk can be stopped: if it holds a lock, it holds up the others. Or another
//! clerk acts just then, each time: a clerk that gives up after some tries never gets through.

#[allow(dead_code)]
#[path = "../src/till.rs"]
mod till;

#[allow(unused_imports, dead_code)]
mod sync {
    pub use testkit::sync::std::*;

    pub mod atomic {
        use std::sync::atomic as real;

        pub use real::{Ordering, fence};

        /// An atomic, each operation of which comes by `crate::step` first.
        macro_rules! counted {
            ($name:ident, $value:ty, [$($fetch:ident)*]) => {
                #[derive(Debug, Default)]
                pub struct $name(real::$name);

                impl $name {
                    pub const fn new(value: $value) -> Self {
                        Self(real::$name::new(value))
                    }

                    pub fn load(&self, order: Ordering) -> $value {
                        crate::step();
                        self.0.load(order)
                    }

                    pub fn store(&self, value: $value, order: Ordering) {
                        crate::step();
                        self.0.store(value, order);
                    }

                    pub fn compare_exchange(
                        &self,
                        current: $value,
                        new: $value,
                        success: Ordering,
                        failure: Ordering,
                    ) -> Result<$value, $value> {
                        crate::step();
                        self.0.compare_exchange(current, new, success, failure)
                    }

                    pub fn compare_exchange_weak(
                        &self,
                        current: $value,
                        new: $value,
                        success: Ordering,
                        failure: Ordering,
                    ) -> Result<$value, $value> {
                        crate::step();
                        self.0.compare_exchange_weak(current, new, success, failure)
                    }

                    pub fn fetch_update(
                        &self,
                        set: Ordering,
                        fetch: Ordering,
                        mut update: impl FnMut($value) -> Option<$value>,
                    ) -> Result<$value, $value> {
                        let mut old = self.load(fetch);
                        while let Some(new) = update(old) {
                            match self.compare_exchange_weak(old, new, set, fetch) {
                                Ok(old) => return Ok(old),
                                Err(found) => old = found,
                            }
                        }
                        Err(old)
                    }

                    pub fn try_update(
                        &self,
                        set: Ordering,
                        fetch: Ordering,
                        update: impl FnMut($value) -> Option<$value>,
                    ) -> Result<$value, $value> {
                        self.fetch_update(set, fetch, update)
                    }

                    pub fn update(
                        &self,
                        set: Ordering,
                        fetch: Ordering,
                        mut update: impl FnMut($value) -> $value,
                    ) -> $value {
                        let updated = self.fetch_update(set, fetch, |value| Some(update(value)));
                        updated.expect("the update refuses no value")
                    }

                    $(
                        pub fn $fetch(&self, by: $value, order: Ordering) -> $value {
                            crate::step();
                            self.0.$fetch(by, order)
                        }
                    )*
                }
            };
        }

        macro_rules! counted_integers {
            ($($name:ident: $value:ty),*) => {$(
                counted!($name, $value, [
                    swap fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min
                ]);
            )*};
        }

        counted_integers!(AtomicI32: i32, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);
        counted!(AtomicBool, bool, [swap fetch_and fetch_or fetch_xor]);
    }
}

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use rstest::rstest;
use testkit::require;
use testkit::threads::{Settled, Threads};
use till::Till;

/// What a thread has used of its atomics, where it stops, and who comes before it.
#[derive(Default)]
struct Steps {
    state: Mutex<State>,
    goes_on: Condvar,
    /// Does something before each use of an atomic.
    other: Option<Box<dyn Fn() + Send + Sync>>,
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
    testkit::steps::operation();
    // Taken out while the other clerk acts: nobody comes before that one.
    let Some(steps) = STEPS.take() else {
        return;
    };
    if let Some(other) = &steps.other {
        other();
    }
    STEPS.set(Some(Arc::clone(&steps)));
    let state = steps.state.lock().unwrap();
    let mut state =
        steps.goes_on.wait_while(state, |state| state.stop_before == Some(state.taken)).unwrap();
    state.taken += 1;
}

impl Steps {
    fn stopping_before(step: usize) -> Arc<Self> {
        let state = State { taken: 0, stop_before: Some(step) };
        Arc::new(Self { state: Mutex::new(state), ..Self::default() })
    }

    fn overtaken_by(other: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { other: Some(Box::new(other)), ..Self::default() })
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
        require!(step > 0 || !done,
            expected: "the first clerk to be stopped before its first operation on an atomic of crate::sync",
            seen: "it has finished: there was none",
            likely: "see what_a_clerk_does_is_done_with_atomics_of_crate_sync first",
            read: "README, the task",
        );
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
            Settled::Spinning(_) => "looks again and again",
        };
        let stop = step + 1;
        require!(finished,
            expected: "the other clerk to finish while the first one is stopped in the middle of an operation",
            seen: "the other clerk {how} and has not finished; the first one is stopped just before its operation {stop} on an atomic",
            likely: "a lock, or a flag that works like one: a clerk that holds it and is stopped holds up all others",
            read: "README, the task",
        );
        sleeper.join(
            "the other clerk was faster, and the loop goes on with the old value for ever: decide again from what is there now",
            "hint 3",
        );
        if done {
            break;
        }
    }
}

/// This often the other clerk comes first, and then no more.
const OVERTAKEN: u64 = 1000;

#[rstest]
#[case::a_deposit(|till: &Till| till.deposit(5) > 10, |till: &Till, _| deposit(till), |n| (15 + n, 0))]
#[case::a_withdrawal(|till: &Till| till.withdraw(3), |till: &Till, _| deposit(till), |n| (7 + n, 0))]
#[case::a_record(
    |till: &Till| till.record(u64::MAX),
    |till: &Till, round| assert!(till.record(round), "each is higher than the last"),
    |_| (10, u64::MAX)
)]
fn who_is_overtaken_again_and_again_still_gets_through(
    #[case] act: fn(&Till) -> bool,
    #[case] overtakes: fn(&Till, u64),
    #[case] makes: fn(u64) -> (u64, u64),
) {
    let till = Arc::new(Till::new(10));
    let rounds = Arc::new(AtomicU64::new(0));
    let steps = Steps::overtaken_by({
        let (till, rounds) = (Arc::clone(&till), Arc::clone(&rounds));
        move || {
            let round = rounds.fetch_add(1, Ordering::Relaxed) + 1;
            if round <= OVERTAKEN {
                overtakes(&till, round);
            }
        }
    });
    let clerk = Threads::new().spawn("clerk", {
        let till = Arc::clone(&till);
        move || steps.of(|| act(&till))
    });
    let through = clerk.join(
        "the other clerk was faster, and the loop goes on with the old value for ever: decide again from what is there now",
        "hint 3",
    );
    let rounds = rounds.load(Ordering::Relaxed);
    let made = (till.balance(), till.highest());
    require!(through && made == makes(rounds.min(OVERTAKEN)),
        expected: "the clerk's call to succeed in the end: there is always enough, and the amount is the highest",
        seen: "`{through}` came back after {rounds} operations on an atomic, before each of which another clerk was faster; balance and highest are {made:?}",
        likely: "the tries are counted: however many there are, others may be faster as often; try until it succeeds, or until what is there says no",
        read: "hint 3",
    );
}
