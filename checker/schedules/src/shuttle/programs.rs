//! Programs of operations under many schedules, judged by a model.

use std::panic;
use std::sync::{Arc, Mutex};

use super::driver::Outcome;
use super::search::{Effort, Random};
use super::sync::thread::{JoinHandle, spawn_as};
use super::{Expect, run};
use crate::model::{BesideSleeper, Operation, Program, Trial};
use crate::panics::Payload;
use crate::{Scenario, failure, replay, watchdog};

/// How many programs are tried, each in how many schedules.
const PROGRAMS: usize = 80;
const EFFORT: Effort = Effort { systematic: 120, random: 20 };

/// Runs programs of the trial's operations, each under many schedules, and asks its model whether the
/// answers are those of some order of the calls. Then, for each operation that can sleep: beside a thread that
/// sleeps in it others do what need not wait.
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
    let programs = programs.into_iter().map(|program| -> Box<Scenario> {
        let (trial, program) = (Arc::clone(&trial), Arc::new(program));
        Box::new(move || overlapping(&trial, &program))
    });
    let beside_sleepers = trial.beside_sleepers().into_iter().map(|program| -> Box<Scenario> {
        let (trial, program) = (Arc::clone(&trial), Arc::new(program));
        Box::new(move || beside_a_sleeper(&trial, &program))
    });
    let mut tried = 0;
    for (number, scenario) in programs.chain(beside_sleepers).enumerate() {
        if wanted.is_some_and(|wanted| wanted != number) {
            continue;
        }
        let only = only.clone();
        let Outcome { schedules, found } =
            watchdog::run(expect, move || run(only, EFFORT, scenario));
        tried += schedules;
        if let Some((found, deviations)) = found {
            let again = replay::command_of_program(number, &deviations);
            failure::told(expect, &found, tried, again).fail();
        }
    }
}

/// All threads at once.
fn overlapping<M, O>(trial: &Arc<Trial<M, O>>, program: &Arc<Program<M, O>>)
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

/// One thread sleeps in an operation; then another does what need not wait, and has to come to its end. Only then
/// the sleeper is let on.
fn beside_a_sleeper<M, O>(trial: &Arc<Trial<M, O>>, program: &Arc<BesideSleeper<M, O>>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let object = Arc::new((trial.make)());
    let mut model = trial.start.clone();
    let start = |name: &str, operations: Vec<Operation<M, O>>| -> JoinHandle<Vec<String>> {
        let object = Arc::clone(&object);
        spawn_as(name, move || operations.iter().map(|it| (it.call)(&object)).collect())
    };
    let mut all_in_turn = |name: &str, operations: &[Operation<M, O>]| {
        let answers = start(name, operations.to_vec()).join().expect("a panic ends the execution");
        for (operation, answer) in operations.iter().zip(answers) {
            let right =
                (operation.model)(&mut model).expect("the program says that it does not wait");
            if answer != right {
                let Operation { name: call, .. } = operation;
                let sleeper = program.sleeper.name;
                panic::panic_any(Payload::Broken(format!(
                    "beside a thread that sleeps in {sleeper}, {call} of {name} answers {answer} and not {right}"
                )));
            }
        }
    };
    all_in_turn("before", &program.before);
    let sleeper = start("sleeper", vec![program.sleeper]);
    sleeper.settle();
    all_in_turn("beside", &program.meanwhile);
    all_in_turn("after", &program.lets_on);
    sleeper.join().expect("a panic ends the execution");
}

const NO_PANIC: &str = "nobody panics while noting an answer";
