//! Programs of operations under many schedules, judged by a model.

use std::panic;
use std::sync::{Arc, Mutex};

use super::driver::Outcome;
use super::search::{Effort, Random};
use super::sync::thread::spawn_as;
use super::{Expect, run};
use crate::model::{Program, Trial};
use crate::panics::Payload;
use crate::{failure, replay, watchdog};

/// How many programs are tried, each in how many schedules.
const PROGRAMS: usize = 80;
const EFFORT: Effort = Effort { systematic: 120, random: 20 };

/// Runs programs of the trial's operations, each under many schedules, and asks its model whether the
/// answers are those of some order of the calls.
///
/// # Panics
///
/// In the first schedule of a program that fails, as [`super::explore`] does.
#[track_caller]
pub fn explore_programs<M, O>(expect: Expect, trial: Trial<M, O>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let mut random = Random::new(testkit::seed(1));
    let programs = trial.programs(PROGRAMS, |bound| random.below(bound));
    let trial = Arc::new(trial);
    let (only, wanted) = (replay::asked_for(), replay::program_asked_for());
    let mut tried = 0;
    for (number, program) in programs.into_iter().enumerate() {
        if wanted.is_some_and(|wanted| wanted != number) {
            continue;
        }
        let (trial, program, only) = (Arc::clone(&trial), Arc::new(program), only.clone());
        let scenario = Box::new(move || scenario(&trial, &program));
        let Outcome { schedules, found } =
            watchdog::run(expect, move || run(only, EFFORT, scenario));
        tried += schedules;
        if let Some((found, deviations)) = found {
            let again = replay::command_of_program(number, &deviations);
            failure::told(expect, &found, tried, again).fail();
        }
    }
}

fn scenario<M, O>(trial: &Arc<Trial<M, O>>, program: &Arc<Program<M, O>>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let object = Arc::new((trial.make)());
    // Not a lock of the explorer's: what is noted here is no step of the program.
    let answers = Arc::new(Mutex::new(vec![Vec::new(); program.len() + 1]));
    let threads: Vec<_> = (0..program.len())
        .map(|thread| {
            let (object, program) = (Arc::clone(&object), Arc::clone(program));
            let answers = Arc::clone(&answers);
            spawn_as(&format!("T{}", thread + 1), move || {
                for operation in &program[thread] {
                    let answer = (operation.call)(&object);
                    answers.lock().expect(NO_PANIC)[thread].push(answer);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a panic ends the execution");
    }
    for operation in trial.afterwards {
        let answer = (operation.call)(&object);
        answers.lock().expect(NO_PANIC)[program.len()].push(answer);
    }
    let answers = answers.lock().expect(NO_PANIC).clone();
    if !trial.explains(program, &answers) {
        panic::panic_any(Payload::Broken(trial.told(program, &answers)));
    }
}

const NO_PANIC: &str = "nobody panics while noting an answer";
