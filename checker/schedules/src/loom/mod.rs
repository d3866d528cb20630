//! Schedules by loom: atomics are as weak as the memory model allows.

mod explorer;
mod preallocated;
#[path = "../facade/mod.rs"]
pub mod sync;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evidence::Explored;

use crate::failure::{self, Failure, Found};
use crate::panics::{Panic, Payload};
use crate::recorder::{Record, Step};
use crate::{Expect, Scenario, panics, recorder, replay, watchdog};

/// First no thread is interrupted, then once, then twice: what is found first is simple.
const INTERRUPTIONS: std::ops::RangeInclusive<usize> = 0..=2;
/// A scenario with more executions than this is judged by these.
const EXECUTIONS: usize = 20_000;

/// What loom says when a thread spins and it cannot see for what.
const TOO_LONG: &str = "maximum number of branches";
/// What loom says of accesses that nothing orders.
const RACE: &str = "Causality violation";
/// What loom says when nobody can go on.
const DEADLOCK: &str = "deadlock";

/// Runs `scenario` under the schedules and the values of atomics that the memory model allows, up to
/// a few interruptions of threads.
///
/// A scenario has at most four threads beside its own. What loom cannot judge, a loop that spins
/// without an end in sight, is said on standard error and left to [`crate::shuttle::explore`].
///
/// # Panics
///
/// In the first execution that breaks it, with the failure's name and a timeline.
#[track_caller]
pub fn explore(expect: Expect, scenario: impl Fn() + Send + Sync + 'static) {
    explore_scenario(expect, Arc::new(scenario));
}

#[track_caller]
fn explore_scenario(expect: Expect, scenario: Arc<Scenario>) {
    let (executions, found) = watchdog::run(expect, move || {
        let mut executions = 0;
        for interruptions in INTERRUPTIONS {
            let end = loop {
                let (tried, end) = run(interruptions, Arc::clone(&scenario));
                executions += tried;
                if !matches!(end, End::Restart) {
                    break end;
                }
            };
            if let End::Failed(found) = end {
                return (executions, Some(found));
            }
        }
        (executions, None)
    });
    if let Some(found) = found {
        failure::told(expect, &found, executions, replay::command(None)).fail();
    }
    Explored::add(executions);
}

/// How a run of loom ended.
enum End {
    Fine,
    Failed(Box<Found>),
    /// An object was made too late.
    Restart,
}

fn run(interruptions: usize, scenario: Arc<Scenario>) -> (usize, End) {
    let executions = Arc::new(AtomicUsize::new(0));
    let mut model = ::loom::model::Builder::new();
    model.preemption_bound = Some(interruptions);
    model.checkpoint_interval = EXECUTIONS;
    model.max_permutations = Some(EXECUTIONS);
    let counted = Arc::clone(&executions);
    let kept = panics::keeping(|| {
        model.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            panics::forget();
            recorder::begin();
            explorer::begin();
            sync::futex::begin();
            scenario();
        });
    });
    let end = kept.map_or_else(|(panic, payload)| failed(panic, payload), |()| End::Fine);
    (executions.load(Ordering::Relaxed), end)
}

fn failed(panic: Panic, payload: Option<Payload>) -> End {
    let record = recorder::take();
    let failure = match payload {
        Some(Payload::Restart) => return End::Restart,
        None if panic.message.contains(TOO_LONG) => {
            eprintln!("loom cannot judge a loop that spins so long; shuttle judges it");
            return End::Fine;
        }
        None if panic.message.contains(RACE) => Failure::DataRace(last_access(&record)),
        None if panic.message.starts_with(DEADLOCK) => Failure::AllWait,
        payload => Failure::from_panic(panic, payload),
    };
    End::Failed(Box::new(Found { failure, record }))
}

/// The access that loom has just refused is the last step; the other one was at the same object.
fn last_access(record: &Record) -> String {
    let Some(last) = record.steps.last() else {
        return String::new();
    };
    let object = |step: &Step| step.text.split(' ').nth(1).map(str::to_owned);
    let other = record.steps.iter().rev().find(|step| {
        step.thread != last.thread && object(step) == object(last) && step.text.starts_with("write")
    });
    let name = |step: &Step| format!("{}'s {}", record.threads[step.thread], step.text);
    let other = other.map_or_else(|| "what another thread did there".to_owned(), name);
    format!("nothing orders {} after {other}", name(last))
}
