//! Runs schedules: shuttle asks who goes on, and the search's plan answers.
//!
//! A failed execution is stopped in silence: shuttle drops it and begins the next. So one run of
//! shuttle tries every schedule, the failing ones among them.

use std::cell::RefCell;
use std::rc::Rc;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use super::search::{Decision, Effort, Plan, Random, Search, deviations};
use super::{explorer, state, sync};
use crate::deviation::Deviation;
use crate::failure::{Failure, Found};
use crate::panics;
use crate::recorder;

/// An execution that decides more often than this does not end.
const ENDLESS: usize = 5_000;
/// A thread that runs for so long while others could is taken to spin.
const HOG: usize = 50;
/// A wait of a random schedule wakes for no reason once in so many.
const CHANCE: usize = 4;

/// shuttle's number of the task that is always ready to run. See [`execution`].
const IDLE_TASK: usize = 1;

/// What the first task of every execution does.
///
/// shuttle calls a deadlock what it sees as one, and panics. Here a task is always ready to run: when
/// it is the only one, the others wait for each other, and the scheduler knows it.
pub fn execution(scenario: &dyn Fn()) {
    let _idle_task = shuttle::thread::spawn(|| {
        while !state::idle_task_ends() {
            shuttle::thread::yield_now();
        }
    });
    explorer::guarded(scenario);
}

/// Answers shuttle.
#[derive(Debug)]
pub struct Driver {
    search: Search,
    /// Only this schedule is to be run.
    only: Option<Vec<Deviation>>,
    plan: Plan,
    random: Random,
    decisions: Vec<Decision>,
    same_task: usize,
    running: bool,
    failure: Option<Failure>,
    found: Rc<RefCell<Outcome>>,
}

/// What came of all executions.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many schedules were run.
    pub schedules: usize,
    /// The simplest failure.
    pub found: Option<(Found, Vec<Deviation>)>,
}

impl Driver {
    /// A driver that runs all schedules of a search, or only one; the outcome fills as it does.
    pub fn new(only: Option<Vec<Deviation>>, effort: Effort, found: Rc<RefCell<Outcome>>) -> Self {
        Self {
            search: Search::new(effort, testkit::seed(0)),
            only,
            plan: Plan::Deviations(Vec::new()),
            random: Random::new(0),
            decisions: Vec::new(),
            same_task: 0,
            running: false,
            failure: None,
            found,
        }
    }

    /// Looks at the execution that has just ended.
    fn finish(&mut self) {
        let record = recorder::take();
        let failure = self.failure.take();
        let failed = failure.map(|failure| Found { failure, record });
        let mut outcome = self.found.borrow_mut();
        outcome.schedules += 1;
        let cost =
            failed.as_ref().map(|found| found.record.switches() * 1000 + found.record.steps.len());
        let keep = self.search.learn(&self.decisions, cost) || self.only.is_some();
        if keep && let Some(found) = failed {
            outcome.found = Some((found, deviations(&self.decisions)));
        }
    }

    fn begin(&mut self, plan: Plan) {
        if let Plan::Random(seed) = plan {
            self.random = Random::new(seed);
        }
        self.plan = plan;
        self.decisions.clear();
        self.same_task = 0;
        state::begin();
        panics::forget();
        recorder::begin();
        sync::futex::begin();
    }

    fn decide(&mut self, plain: usize, others: Vec<usize>, chance: bool) -> usize {
        let at = self.decisions.len();
        let chosen = match &self.plan {
            Plan::Deviations(deviations) => {
                let deviation = deviations.iter().find(|deviation| deviation.at == at);
                deviation.map(|deviation| deviation.choice).filter(|choice| others.contains(choice))
            }
            Plan::Random(_) if chance => (self.random.below(CHANCE) == 0).then_some(1),
            Plan::Random(_) => {
                let choice = self.random.below(others.len() + 1);
                others.get(choice).copied()
            }
        };
        let chosen = chosen.unwrap_or(plain);
        self.decisions.push(Decision { chosen, plain, others });
        chosen
    }

    /// The execution is over before its end.
    fn stop(&mut self, failure: Failure) -> Option<TaskId> {
        self.failure = Some(failure);
        None
    }
}

impl Scheduler for Driver {
    fn new_execution(&mut self) -> Option<Schedule> {
        if std::mem::replace(&mut self.running, true) {
            self.finish();
            if self.only.is_some() {
                return None;
            }
        }
        let plan = match &self.only {
            Some(deviations) => Plan::Deviations(deviations.clone()),
            None => self.search.next()?,
        };
        self.begin(plan);
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        if state::take_keep_running()
            && let Some(current) = current
        {
            return Some(current);
        }
        if state::has_panicked() {
            let (panic, payload) = panics::first()?;
            return self.stop(Failure::from_panic(panic, payload));
        }
        if self.decisions.len() > ENDLESS {
            return self.stop(Failure::Endless);
        }
        let id = |task: &&Task| usize::from(task.id());
        let mut ready: Vec<usize> =
            runnable.iter().filter(|task| task.runnable()).map(id).collect();
        ready.retain(|&task| task != IDLE_TASK);
        if ready.is_empty() {
            if state::some_thread_lives() {
                return self.stop(Failure::AllWait);
            }
            state::end_idle_task();
            return Some(TaskId::from(IDLE_TASK));
        }
        let current = current.map(usize::from);
        let stays = current
            .filter(|current| ready.contains(current) && !is_yielding && self.same_task < HOG);
        let plain = stays.unwrap_or_else(|| next_in_turn(&ready, current));
        let others = match stays {
            // Who yields to others is not chosen again at once.
            None if is_yielding => Vec::new(),
            _ => ready.iter().copied().filter(|&task| task != plain).collect(),
        };
        let chosen = self.decide(plain, others, false);
        self.same_task = if Some(chosen) == current { self.same_task + 1 } else { 0 };
        recorder::wakes(state::thread_of(chosen));
        Some(TaskId::from(chosen))
    }

    fn next_u64(&mut self) -> u64 {
        self.decide(0, vec![1], true) as u64
    }
}

/// The first ready task after the current one.
fn next_in_turn(ready: &[usize], current: Option<usize>) -> usize {
    let after = ready.iter().copied().find(|&task| Some(task) > current);
    after.unwrap_or(ready[0])
}
