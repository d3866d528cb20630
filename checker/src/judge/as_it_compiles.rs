//! The learner's tests are run while what later ones need is compiled: the first failure is known long before all
//! is built.

use sandbox::Stop;

use crate::Error;
use crate::event::{Event, Sink};
use crate::judge::candidate::Candidate;
use crate::judge::compile::{Compiled, Made, Rebuild, Rebuilt, Step};
use crate::judge::results::Results;
use crate::judge::run_tests::{Round, expected_tests};
use crate::system::worker_pool::{Item, in_order_of_needs};
use crate::verdict::TestResult;

/// What there is to do.
#[derive(Debug, Clone, Copy)]
enum Task<'a> {
    Make(Step),
    /// The test in this place of the order of the task.
    Run(usize, &'a str, &'a str),
}

/// What came of it.
enum Done {
    Made(Made),
    Run(usize, TestResult),
}

/// Makes the programs in the order in which the tests need them, and runs each test as soon as it can be; with the
/// tests' results if all could be compiled. `None` if cargo has to be asked.
pub(super) fn test_as_it_compiles(
    candidate: &Candidate<'_>,
    rebuild: &Rebuild<'_>,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Option<(Compiled, Vec<TestResult>)>, Error> {
    let tests = expected_tests(candidate);
    let tasks = tasks(rebuild, &tests);
    let programs = rebuild.programs();
    let round = Round::new(candidate, &programs, None)?;
    let mut results = Results::new(candidate.exercise, tests.len());
    let mut made = Vec::new();
    let mut has_begun = false;
    let work = |task: &Task<'_>| match *task {
        Task::Make(step) => Ok(Done::Made(rebuild.make(step, stop)?)),
        Task::Run(place, target, name) => Ok(Done::Run(place, round.run(target, name, stop)?)),
    };
    in_order_of_needs(candidate.tests_at_a_time, &tasks, work, |_, done| match done {
        Done::Made(step) => {
            let goes_on = step.is_made();
            made.push(step);
            goes_on
        }
        Done::Run(place, result) => {
            if !has_begun {
                events.emit(&Event::Running { exercise: candidate.exercise });
                has_begun = true;
            }
            results.add(place, result, events);
            true
        }
    })?;
    match rebuild.finish(made)? {
        Rebuilt::Compiled(compiled) => Ok(Some((compiled, results.into_all()))),
        Rebuilt::Unclear => Ok(None),
    }
}

/// The tests in the order of the task, before each what it needs, and last what only the experiment needs.
fn tasks<'a>(rebuild: &Rebuild<'_>, tests: &[(&'a str, &'a str)]) -> Vec<Item<Task<'a>>> {
    let mut tasks: Vec<Item<Task<'a>>> = Vec::new();
    let place_of = |tasks: &[Item<Task<'_>>], step: Step| {
        tasks.iter().position(|task| matches!(task.what, Task::Make(it) if it == step))
    };
    let make = |tasks: &mut Vec<Item<Task<'a>>>, step: Step| {
        if place_of(tasks, step).is_none() {
            let needs = rebuild.needs(step);
            let needs = needs.into_iter().filter_map(|need| place_of(tasks, need)).collect();
            tasks.push(Item { what: Task::Make(step), needs });
        }
    };
    for (place, &(target, name)) in tests.iter().enumerate() {
        let steps = rebuild.steps_for(target);
        steps.iter().for_each(|step| make(&mut tasks, *step));
        let needs = steps.iter().filter_map(|step| place_of(&tasks, *step)).collect();
        tasks.push(Item { what: Task::Run(place, target, name), needs });
    }
    rebuild.steps().for_each(|step| make(&mut tasks, step));
    tasks
}
