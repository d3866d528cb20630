//! Runs schedules: shuttle asks who goes on, and the search's plan answers.
//!
//! A failed execution is stopped in silence: shuttle drops it and begins the next. So one run of
//! shuttle tries every schedule, the failing ones among them.

use std::cell::RefCell;
use std::rc::Rc;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use super::search::{Decision, Effort, Plan, Random, Search, deviations};
use super::shown::{Beyond, Options, Shown};
use super::{explorer, state, sync};
use crate::deviation::Deviation;
use crate::failure::{Failure, Found};
use crate::panics;
use crate::recorder::{self, Record};

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
    explorer::guarded(|| {
        scenario();
        recorder::ends(0);
    });
}

/// Which schedules are run.
#[derive(Debug)]
pub enum Course {
    /// Those of a search.
    Search(Effort),
    /// Only this one.
    Only(Vec<Deviation>),
    /// Only this one, and it is shown.
    Shown(Vec<Deviation>),
    /// Only the one that begins with these decisions, and it is shown.
    Decisions { decisions: Vec<usize>, beyond: Beyond },
}

impl Course {
    /// A search, or the one schedule that was asked for.
    pub fn new(only: Option<Vec<Deviation>>, effort: Effort) -> Self {
        only.map_or(Self::Search(effort), Self::Only)
    }
}

/// Answers shuttle.
#[derive(Debug)]
pub struct Driver {
    /// `None` if only one schedule is to be run.
    search: Option<Search>,
    plan: Plan,
    random: Random,
    decisions: Vec<Decision>,
    /// The task that runs, and for how many decisions it has.
    task: usize,
    same_task: usize,
    running: bool,
    failure: Option<Failure>,
    /// What has to be shown of the execution.
    shown: Option<Shown>,
    found: Rc<RefCell<Outcome>>,
}

/// What came of all executions.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many schedules were run.
    pub schedules: usize,
    /// The simplest failure.
    pub found: Option<(Found, Vec<Deviation>)>,
    /// The execution that was to be shown.
    pub executed: Option<Executed>,
}

/// An execution that was shown.
#[derive(Debug)]
pub struct Executed {
    /// What it came to.
    pub shown: Shown,
    /// What the threads did.
    pub record: Record,
    /// How it failed, if it did.
    pub failure: Option<Failure>,
    /// All decisions.
    pub decisions: Vec<usize>,
    /// Where they are not plain.
    pub deviations: Vec<Deviation>,
}

impl Driver {
    /// A driver that runs all schedules of a search, or only one; the outcome fills as it does.
    pub fn new(course: Course, found: Rc<RefCell<Outcome>>) -> Self {
        let (search, plan, shown) = match course {
            Course::Search(effort) => {
                let search = Search::new(effort, testkit::seed(0));
                (Some(search), Plan::Deviations(Vec::new()), None)
            }
            Course::Only(deviations) => (None, Plan::Deviations(deviations), None),
            Course::Shown(deviations) => {
                (None, Plan::Deviations(deviations), Some(Shown::new(Beyond::Plan)))
            }
            Course::Decisions { decisions, beyond } => {
                (None, Plan::Decisions(decisions), Some(Shown::new(beyond)))
            }
        };
        Self {
            search,
            plan,
            random: Random::new(0),
            decisions: Vec::new(),
            task: 0,
            same_task: 0,
            running: false,
            failure: None,
            shown,
            found,
        }
    }

    /// Looks at the execution that has just ended.
    fn finish(&mut self) {
        let record = recorder::take();
        let failure = self.failure.take();
        let mut outcome = self.found.borrow_mut();
        outcome.schedules += 1;
        if let Some(mut shown) = self.shown.take() {
            if !shown.is_paused {
                shown.ends(&record, self.decisions.len());
            }
            let decisions = self.decisions.iter().map(|decision| decision.chosen).collect();
            let deviations = deviations(&self.decisions);
            outcome.executed = Some(Executed { shown, record, failure, decisions, deviations });
            return;
        }
        let failed = failure.map(|failure| Found { failure, record });
        let cost =
            failed.as_ref().map(|found| found.record.switches() * 1000 + found.record.steps.len());
        let keep = self.search.as_mut().is_none_or(|search| search.learn(&self.decisions, cost));
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
        self.task = 0;
        self.same_task = 0;
        state::begin();
        panics::forget();
        recorder::begin();
        sync::futex::begin();
    }

    /// What the plan says of the next decision, if anything. `possible` is what can be chosen; of that, `others` is
    /// what a search would try beside the plain choice.
    fn planned(&mut self, others: &[usize], possible: &[usize], chance: bool) -> Option<usize> {
        let at = self.decisions.len();
        let planned = match &self.plan {
            Plan::Deviations(deviations) => {
                deviations.iter().find(|deviation| deviation.at == at).map(|it| it.choice)
            }
            Plan::Decisions(decisions) => decisions.get(at).copied(),
            Plan::Random(_) if chance => (self.random.below(CHANCE) == 0).then_some(1),
            Plan::Random(_) => {
                let choice = self.random.below(others.len() + 1);
                others.get(choice).copied()
            }
        };
        planned.filter(|choice| possible.contains(choice))
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
            // Only a search goes on.
            self.search.as_ref()?;
        }
        let plan = match &mut self.search {
            Some(search) => search.next()?,
            None => self.plan.clone(),
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
        let planned = self.planned(&others, &ready, false);
        let chosen = match &mut self.shown {
            None => planned.unwrap_or(plain),
            Some(shown) => {
                let options = Options::new(&ready, current.filter(|_| is_yielding));
                shown.choose(self.decisions.len(), &options, planned, plain)?
            }
        };
        self.decisions.push(Decision { chosen, plain, others });
        self.task = chosen;
        self.same_task = if Some(chosen) == current { self.same_task + 1 } else { 0 };
        recorder::wakes(state::thread_of(chosen));
        Some(TaskId::from(chosen))
    }

    fn next_u64(&mut self) -> u64 {
        let others = vec![1];
        let planned = self.planned(&others, &[0, 1], true);
        let chosen = match &mut self.shown {
            None => planned.unwrap_or(0),
            Some(shown) => {
                let thread = state::thread_of(self.task);
                let chosen = planned.unwrap_or_else(|| shown.wakes(thread));
                shown.might_wake(thread, self.decisions.len(), chosen);
                chosen
            }
        };
        self.decisions.push(Decision { chosen, plain: 0, others });
        chosen as u64
    }
}

/// The first ready task after the current one.
fn next_in_turn(ready: &[usize], current: Option<usize>) -> usize {
    let after = ready.iter().copied().find(|&task| Some(task) > current);
    after.unwrap_or(ready[0])
}
