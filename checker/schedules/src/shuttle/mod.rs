//! Schedules by shuttle: every operation is a point where another thread may go on.

mod driver;
mod explorer;
mod programs;
mod search;
mod state;
#[path = "../facade/mod.rs"]
pub mod sync;

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use ::evidence::Explored;
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::deviation::Deviation;
use crate::failure;
use crate::{Expect, Scenario, panics, recorder, replay, watchdog};
use driver::{Driver, Outcome};
pub use programs::{explore_a_few_programs, explore_programs};
use search::Effort;

/// Runs `scenario` under many schedules.
///
/// # Panics
///
/// In the first schedule that breaks it: with the failure's name, a timeline, and how to run just
/// that schedule again.
#[track_caller]
pub fn explore(expect: Expect, scenario: impl Fn() + Send + Sync + 'static) {
    explore_scenario(expect, Box::new(scenario));
}

/// Drops `held` in a panic, as a thread does that panics while it holds something; then goes on.
///
/// No hook hears of the panic: it is part of the scenario. Meanwhile [`sync::thread::panicking`] says so of this thread.
pub fn unwind_through<T>(held: T) {
    let me = explorer::me();
    recorder::unwinds(me);
    let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
        let _held = held;
        panic::resume_unwind(Box::new("on purpose"));
    }));
    recorder::caught(me);
    assert!(unwound.is_err(), "a panic that was started ends in its catch");
}

/// Makes a call of which is promised that it never waits: it may take a lock, and breaks the scenario if its thread
/// goes to sleep in it, on a condition variable, on a futex or in `park`. `call` is its name for the reader.
///
/// Where another thread need only run on to wake it, no deadlock shows that it waited.
pub fn never_waits<T>(call: &'static str, body: impl FnOnce() -> T) -> T {
    let me = explorer::me();
    recorder::wide_awake(me, call);
    let returned = body();
    recorder::may_sleep(me);
    returned
}

#[track_caller]
fn explore_scenario(expect: Expect, scenario: Box<Scenario>) {
    let only = replay::asked_for();
    let Outcome { schedules, found } =
        watchdog::run(expect, move || run(only, Effort::FULL, scenario));
    if let Some((found, deviations)) = found {
        let again = replay::command(Some(&deviations));
        failure::told(expect, &found, schedules, again).fail();
    }
    Explored::add(schedules);
}

fn run(only: Option<Vec<Deviation>>, effort: Effort, scenario: Box<Scenario>) -> Outcome {
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let driver = Driver::new(only, effort, Rc::clone(&outcome));
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    // That orderings are not judged here is said where they are: by loom.
    config.silence_warnings = true;
    let kept =
        panics::keeping(|| Runner::new(driver, config).run(move || driver::execution(&scenario)));
    if let Err((panic, _)) = kept {
        panic!("the explorer itself failed: {} ({}:{})", panic.message, panic.file, panic.line);
    }
    outcome.take()
}
