//! What can go wrong in a schedule, by its name.

use std::panic::Location;

use evidence::{Place, Schedule, SourceLine, Step, Told};

use crate::panics::{Panic, Payload};
use crate::recorder::{self, Record, Wait, Waiting};
use crate::{Expect, Explains, source};

/// A longer history begins with what is left out.
const ROWS: usize = 40;
/// What a step that wakes threads begins with.
const WAKING: [&str; 3] = ["notify", "futex_wake", "unpark"];
/// At most so many source lines stand below the picture.
const LEGEND: usize = 8;

/// How an execution failed.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Nobody can go on, and not all have ended.
    AllWait,
    /// Threads run on and on, and nobody gets anywhere.
    Endless,
    /// Two accesses that nothing orders, one of them a write.
    DataRace(String),
    /// What a scenario of this crate's found out.
    Broken(String),
    Panicked(Panic),
}

/// A failure and what led to it.
#[derive(Debug, Clone)]
pub struct Found {
    pub failure: Failure,
    /// What the threads had done.
    pub record: Record,
}

impl Failure {
    /// The failure that a panic stands for.
    pub fn from_panic(panic: Panic, payload: Option<Payload>) -> Self {
        match payload {
            Some(Payload::DataRace(text)) => Self::DataRace(text),
            Some(Payload::Broken(text)) => Self::Broken(text),
            Some(Payload::Restart) | None => Self::Panicked(panic),
        }
    }
}

impl Found {
    /// The failure by its name.
    fn named(&self, names: &[String]) -> evidence::Failure {
        match &self.failure {
            Failure::AllWait if self.waits_for_a_lock() => evidence::Failure::Deadlock,
            Failure::AllWait => evidence::Failure::LostWakeUp { sleepers: self.sleepers() },
            Failure::Endless => evidence::Failure::Starvation,
            Failure::DataRace(text) => {
                evidence::Failure::DataRace { accesses: source::with_names(text, names) }
            }
            Failure::Broken(text) => evidence::Failure::BrokenInvariant { message: text.clone() },
            Failure::Panicked(Panic { message, file, line }) => {
                let message = message.clone();
                match source::is_test(file) {
                    true => evidence::Failure::BrokenInvariant { message },
                    false => evidence::Failure::Panic { message, place: panicked_at(file, *line) },
                }
            }
        }
    }

    fn waits_for_a_lock(&self) -> bool {
        self.record.waiting.values().any(|waiting| matches!(waiting.wait, Wait::Lock(_)))
    }

    /// The learner's line to look at: of a panic its place; of a lost wake-up where it was to come from; of
    /// threads that wait for each other where the last of them went to sleep; otherwise the last line of the
    /// learner's before the failure.
    fn blamed(&self) -> Option<Place> {
        let record = &self.record;
        if let Failure::Panicked(panic) = &self.failure
            && source::is_learners(&panic.file)
        {
            return Some(panicked_at(&panic.file, panic.line));
        }
        if matches!(self.failure, Failure::AllWait)
            && !self.waits_for_a_lock()
            && let Some(place) = self.place_of_the_waker()
        {
            return Some(at(place));
        }
        let last_step = |thread| record.steps.iter().rposition(|step| step.thread == thread);
        let is_stuck = |(thread, waiting): &(&usize, &Waiting)| match waiting.wait {
            Wait::End(_) => false,
            Wait::Lock(_) => true,
            Wait::WakeUp { .. } => record.sleeps(**thread),
        };
        let stuck = record.waiting.iter().filter(|_| matches!(self.failure, Failure::AllWait));
        let last_to_sleep = stuck
            .filter(is_stuck)
            .filter(|(_, waiting)| source::is_learners(waiting.place.file()))
            .max_by_key(|(thread, _)| (last_step(**thread), **thread));
        let place = last_to_sleep.map(|(_, waiting)| waiting.place).or_else(|| {
            let places = record.steps.iter().rev().map(|step| step.place);
            places.into_iter().find(|place| source::is_learners(place.file()))
        })?;
        Some(at(place))
    }

    /// Where another thread did something after the first of the sleepers had gone to sleep: the last line
    /// that wakes a thread, which was not enough, or else the last one. Without any, the sleeper did not look
    /// before it slept.
    fn place_of_the_waker(&self) -> Option<recorder::Place> {
        let record = &self.record;
        let sleeps = |thread: usize| {
            let waiting = record.waiting.get(&thread);
            waiting.is_some_and(|it| matches!(it.wait, Wait::WakeUp { .. }))
                && record.sleeps(thread)
        };
        let last_step = |thread| record.steps.iter().rposition(|step| step.thread == thread);
        let asleep = record.waiting.keys().filter(|thread| sleeps(**thread));
        let first_asleep = asleep.filter_map(|&thread| last_step(thread)).min()?;
        let after = record.steps[first_asleep..].iter().rev();
        let of_others =
            after.filter(|step| !sleeps(step.thread) && source::is_learners(step.place.file()));
        let others: Vec<&recorder::Step> = of_others.collect();
        let wakes = |step: &&&recorder::Step| WAKING.iter().any(|call| step.text.starts_with(call));
        others.iter().find(wakes).or(others.first()).map(|step| step.place)
    }

    /// Who sleeps.
    fn sleepers(&self) -> Vec<String> {
        let record = &self.record;
        let mut names: Vec<String> = record
            .waiting
            .iter()
            .filter(|(_, waiting)| matches!(waiting.wait, Wait::WakeUp { .. }))
            .map(|(&thread, _)| record.threads[thread].clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// Who still waits, in the order of the threads.
    fn waiting(&self, names: &[String]) -> Vec<evidence::Waiting> {
        let record = &self.record;
        let mut waiting: Vec<_> = record.waiting.iter().collect();
        waiting.sort_unstable_by_key(|(thread, _)| **thread);
        let still = |(&thread, waiting): (&usize, &Waiting)| {
            let holder = match waiting.wait {
                Wait::End(_) => return None,
                Wait::WakeUp { .. } if !record.sleeps(thread) => return None,
                Wait::WakeUp { .. } => None,
                // Without a holder it had only not come to it yet.
                Wait::Lock(lock) => Some(record.objects[lock.0].holder?),
            };
            let text = source::with_names(&waiting.text, names);
            Some(evidence::Waiting { thread, place: at(waiting.place), text, holder })
        };
        waiting.into_iter().filter_map(still).collect()
    }
}

/// What a failed test tells.
pub fn told(expect: Expect, found: &Found, schedules: usize, again: String) -> Told {
    let names = source::names(&found.record);
    let mut steps = steps(&found.record, &names);
    let left_out = steps.len().saturating_sub(ROWS);
    steps.drain(..left_out);
    let failure = found.named(&names);
    Told::Schedule(Schedule {
        expected: expect.expected.to_owned(),
        likely: likely(expect, &failure),
        failure,
        blamed: found.blamed(),
        read: expect.read.to_owned(),
        again,
        number: schedules,
        switches: found.record.switches(),
        threads: found.record.threads.clone(),
        left_out,
        lines: legend(&steps),
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        waiting: found.waiting(&names),
    })
}

/// The scenario's cause, if this failure is one that it explains; otherwise what usually leads to it.
fn likely(expect: Expect, failure: &evidence::Failure) -> String {
    use Explains::{AllThatIsStuck, Deadlocks, LostWakeUps};
    use evidence::Failure;
    let explains = |kinds: &[Explains]| kinds.contains(&expect.explains);
    let general = match failure {
        Failure::LostWakeUp { .. } if !explains(&[LostWakeUps, AllThatIsStuck]) => {
            "whatever else this test is about, a wake-up is lost: whoever changes what a sleeper waits for must \
             wake it after the change, and a sleeper must look between saying that it sleeps and sleeping"
        }
        Failure::Deadlock if !explains(&[Deadlocks, AllThatIsStuck]) => {
            "whatever else this test is about, threads wait for each other's locks: two locks are taken in two \
             orders, or one is taken again by the thread that holds it"
        }
        Failure::Starvation if !explains(&[Deadlocks, AllThatIsStuck]) => {
            "whatever else this test is about, a loop goes on for ever: nothing that it does, and nobody else, \
             makes true what would end it"
        }
        _ => expect.likely,
    };
    general.to_owned()
}

/// The steps and their places, with equal ones in a row as one.
fn steps(record: &Record, names: &[String]) -> Vec<(&'static Location<'static>, Step)> {
    let mut steps: Vec<(&'static Location<'static>, Step)> = Vec::new();
    for step in &record.steps {
        let (thread, text) = (step.thread, source::with_names(&step.text, names));
        match steps.last_mut() {
            Some((place, last))
                if *place == step.place && last.thread == thread && last.text == text =>
            {
                last.times += 1;
            }
            _ => steps.push((step.place, Step { thread, place: at(step.place), text, times: 1 })),
        }
    }
    steps
}

/// The learner's lines among the steps, in the order of the file.
fn legend(steps: &[(&'static Location<'static>, Step)]) -> Vec<SourceLine> {
    let mut places: Vec<_> = steps
        .iter()
        .map(|(place, _)| *place)
        .filter(|place| source::is_learners(place.file()))
        .collect();
    places.sort_unstable_by_key(|place| (place.file(), place.line()));
    places.dedup_by_key(|place| (place.file(), place.line()));
    let line = |place| Some(SourceLine { place: at(place), text: source::line(place)? });
    places.into_iter().take(LEGEND).filter_map(line).collect()
}

fn at(place: &Location<'_>) -> Place {
    Place { column: Some(place.column()), ..panicked_at(place.file(), place.line()) }
}

/// The compiler names the file by the test that includes it: `tests/../src/semaphore.rs`.
fn panicked_at(file: &str, line: u32) -> Place {
    Place { file: file.replace("tests/../", "").into(), line, column: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Place;

    /// Two lines of a file below a directory `src`, as a learner's are.
    fn lines() -> [Place; 2] {
        let first = Location::caller();
        [first, here()]
    }

    #[track_caller]
    fn here() -> Place {
        Location::caller()
    }

    fn found(failure: Failure, steps: &[(usize, Place)], sleeps: &[(usize, Place)]) -> Found {
        let step = |&(thread, place): &(usize, Place)| recorder::Step {
            thread,
            place,
            text: String::new(),
        };
        let wait = Wait::WakeUp { of: None, then: None };
        let waiting = |&(thread, place): &(usize, Place)| {
            (thread, Waiting { place, wait, text: String::new() })
        };
        let mut record = Record::default();
        record.steps.extend(steps.iter().map(step));
        record.waiting.extend(sleeps.iter().map(waiting));
        Found { failure, record }
    }

    fn line(place: Place) -> Option<String> {
        Some(format!("failure.rs:{}", place.line()))
    }

    fn blamed(found: Found) -> Option<String> {
        found.blamed().map(|place| place.short())
    }

    #[test]
    fn the_last_line_of_the_learners_before_the_failure_is_blamed() {
        let [first, last] = lines();
        let race = Failure::DataRace(String::new());
        assert_eq!(blamed(found(race, &[(1, first), (2, last)], &[])), line(last));
    }

    #[test]
    fn of_a_lost_wake_up_the_line_is_blamed_that_was_to_wake_the_sleeper() {
        let [first, last] = lines();
        let sleeps = [(1, first)];
        let acts_meanwhile = [(1, first), (2, last)];
        assert_eq!(blamed(found(Failure::AllWait, &acts_meanwhile, &sleeps)), line(last));
        let acted_before = [(2, last), (1, first)];
        assert_eq!(blamed(found(Failure::AllWait, &acted_before, &sleeps)), line(first));
    }

    #[test]
    fn a_wake_up_that_was_not_enough_is_blamed_before_what_comes_after_it() {
        let [first, last] = lines();
        let mut found =
            found(Failure::AllWait, &[(1, first), (2, last), (3, first)], &[(1, first)]);
        found.record.steps[1].text = "notify_one returned".to_owned();
        assert_eq!(blamed(found), line(last));
    }

    #[test]
    fn of_two_sleepers_the_line_of_the_last_one_is_blamed() {
        let [first, last] = lines();
        let steps = [(1, first), (2, last), (1, first)];
        let sleeps = [(1, first), (2, last)];
        assert_eq!(blamed(found(Failure::AllWait, &steps, &sleeps)), line(first));
    }

    #[test]
    fn a_panic_in_the_learners_file_is_blamed_itself() {
        let [first, _] = lines();
        let file = "exercises/a/tests/../src/till.rs".to_owned();
        let panic = Failure::Panicked(Panic { message: String::new(), file, line: 9 });
        assert_eq!(blamed(found(panic, &[(1, first)], &[])).as_deref(), Some("till.rs:9"));
    }
}
