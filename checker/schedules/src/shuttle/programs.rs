//! Programs of operations under many schedules, judged by a model.

use std::panic;
use std::sync::Arc;

use evidence::Explored;

use super::driver::Outcome;
use super::search::{Effort, Random};
use super::sync::thread::{JoinHandle, spawn_as};
use super::{Expect, run};
use crate::model::{
    Answers, BesideSleeper, Operation, Program, THREADS, Trial, WHO_IS_WHO, call_in_turn,
};
use crate::panics::Payload;
use crate::{Scenario, failure, replay, watchdog};

/// How many programs are tried, each in how many schedules.
const PROGRAMS: usize = 80;
const A_FEW: usize = 24;
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
    explore_so_many(PROGRAMS, expect, trial);
}

/// As [`explore_programs`], with fewer programs: for one of several trials that share their operations.
///
/// # Panics
///
/// As [`explore_programs`].
#[track_caller]
pub fn explore_a_few_programs<M, O>(expect: Expect, trial: Trial<M, O>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    explore_so_many(A_FEW, expect, trial);
}

#[track_caller]
fn explore_so_many<M, O>(count: usize, expect: Expect, trial: Trial<M, O>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let mut random = Random::new(testkit::seed(1));
    let programs = trial.programs(count, |bound| random.below(bound));
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
    Explored::add(tried);
}

/// All threads at once.
fn overlapping<M, O>(trial: &Arc<Trial<M, O>>, program: &Arc<Program<M, O>>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let object = Arc::new((trial.make)());
    let threads: Vec<_> = (0..program.len())
        .map(|thread| {
            let (object, program) = (Arc::clone(&object), Arc::clone(program));
            spawn_as(THREADS[thread], move || call_in_turn(&program[thread], &object))
        })
        .collect();
    let mut answers: Answers = threads.into_iter().map(end).collect();
    answers.push(call_in_turn(trial.afterwards, &object));
    if !trial.explains(program, &answers) {
        panic::panic_any(Payload::Broken(trial.told(&THREADS, program, &answers)));
    }
}

fn end<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("a panic ends the execution")
}

/// One thread sleeps in an operation; then another does what need not wait, and has to come to its end. Only then
/// the sleeper is let on.
fn beside_a_sleeper<M, O>(trial: &Arc<Trial<M, O>>, beside: &Arc<BesideSleeper<M, O>>)
where
    M: Clone + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let object = Arc::new((trial.make)());
    let start = |name: &str, operations: Vec<Operation<M, O>>| -> JoinHandle<Vec<String>> {
        let object = Arc::clone(&object);
        spawn_as(name, move || call_in_turn(&operations, &object))
    };
    let mut main = call_in_turn(&beside.before, &object);
    let [_, sleeper, other] = WHO_IS_WHO;
    let sleeper = start(sleeper, beside.sleeper.to_vec());
    sleeper.settle();
    let seen = end(start(other, beside.meanwhile.clone()));
    let right = beside.answers_of_meanwhile(&trial.start);
    for ((operation, seen), right) in beside.meanwhile.iter().zip(&seen).zip(right) {
        if *seen != right {
            let (name, sleeper) = (operation.name, beside.sleeper[beside.sleeps_in].name);
            panic::panic_any(Payload::Broken(format!(
                "beside a thread that sleeps in {sleeper}, {name} answers {seen} and not {right}"
            )));
        }
    }
    main.extend(call_in_turn(&beside.lets_on, &object));
    let sleeper = end(sleeper);
    let program = beside.program();
    let answers = vec![main, sleeper, seen, call_in_turn(trial.afterwards, &object)];
    if !trial.explains(&program, &answers) {
        panic::panic_any(Payload::Broken(trial.told(&WHO_IS_WHO, &program, &answers)));
    }
}
