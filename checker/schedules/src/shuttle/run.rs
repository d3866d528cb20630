//! shuttle, driven by this crate.

use std::cell::RefCell;
use std::rc::Rc;

use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::driver::{self, Course, Driver, Outcome};
use crate::{Scenario, panics};

/// Runs a scenario's schedules, on this thread of the system.
pub fn run(course: Course, scenario: Box<Scenario>) -> Outcome {
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let driver = Driver::new(course, Rc::clone(&outcome));
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
