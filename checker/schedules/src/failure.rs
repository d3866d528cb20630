//! What can go wrong in a schedule, by its name.

use crate::panics::{Panic, Payload};
use crate::recorder::{Record, Wait, Waiting};
use crate::{Expect, diagram, source};

/// How an execution failed.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Nobody can go on, and not all have ended.
    AllWait,
    /// Threads run on and on, and nobody gets anywhere.
    Endless,
    /// Two accesses that nothing orders, one of them a write.
    DataRace(String),
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
            Some(Payload::Restart) | None => Self::Panicked(panic),
        }
    }
}

impl Found {
    /// The failure's name and what it says, in a sentence or two.
    fn seen(&self) -> String {
        let record = &self.record;
        match &self.failure {
            Failure::AllWait if self.waits_for_a_lock() => {
                "a deadlock: each thread waits for what another one holds".to_owned()
            }
            Failure::AllWait => {
                let (sleep, whom) = self.sleepers();
                format!("a lost wake-up: {sleep} for ever, and nobody is left to wake {whom}")
            }
            Failure::Endless => {
                "a starved waiter: threads run on and on, and nobody gets what it waits for"
                    .to_owned()
            }
            Failure::DataRace(text) => {
                format!("a data race: {}", diagram::with_names(text, record))
            }
            Failure::Panicked(panic) if source::is_test(&panic.file) => {
                format!("a broken invariant: {}", panic.message)
            }
            Failure::Panicked(panic) => {
                let file = source::short(&panic.file);
                format!("a panic at {file}:{}: {}", panic.line, panic.message)
            }
        }
    }

    fn waits_for_a_lock(&self) -> bool {
        self.record.waiting.values().any(|waiting| matches!(waiting.wait, Wait::Lock(_)))
    }

    /// The learner's line to look at: of a panic its place, of threads that all wait the place where the
    /// last of them went to sleep, otherwise the last line of the learner's before the failure.
    fn blamed(&self) -> Option<String> {
        let record = &self.record;
        if let Failure::Panicked(panic) = &self.failure
            && source::is_learners(&panic.file)
        {
            return Some(format!("{}:{}", source::short(&panic.file), panic.line));
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
        Some(format!("{}:{}", source::short(place.file()), place.line()))
    }

    /// Who sleeps, and the word for them.
    fn sleepers(&self) -> (String, &'static str) {
        let record = &self.record;
        let mut names: Vec<&str> = record
            .waiting
            .iter()
            .filter(|(_, waiting)| matches!(waiting.wait, Wait::WakeUp { .. }))
            .map(|(&thread, _)| record.threads[thread].as_str())
            .collect();
        names.sort_unstable();
        match names.as_slice() {
            [one] => (format!("{one} sleeps"), "it"),
            many => (format!("{} sleep", many.join(" and ")), "them"),
        }
    }
}

/// The whole message of a failed test.
pub fn lesson(expect: Expect, found: &Found, schedules: usize, again: &str) -> String {
    let blamed = found.blamed().unwrap_or_default();
    let labelled = [
        ("expected:", expect.expected),
        ("seen:", &found.seen()),
        ("likely:", expect.likely),
        ("look at:", &blamed),
        ("read:", expect.read),
        ("again:", again),
    ];
    let mut text = String::new();
    for (label, value) in labelled {
        for (i, line) in value.lines().enumerate() {
            text.push_str(&format!("{:<10}{line}\n", if i == 0 { label } else { "" }));
        }
    }
    let switches = found.record.switches();
    let times = if switches == 1 { "switch" } else { "switches" };
    text.push_str(&format!("\nschedule {schedules}, {switches} {times} between threads\n"));
    text.push_str(&diagram::draw(&found.record));
    text
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::recorder::{Place, Step};

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
        let step = |&(thread, place): &(usize, Place)| Step { thread, place, text: String::new() };
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

    #[test]
    fn the_last_line_of_the_learners_before_the_failure_is_blamed() {
        let [first, last] = lines();
        let race = Failure::DataRace(String::new());
        assert_eq!(found(race, &[(1, first), (2, last)], &[]).blamed(), line(last));
    }

    #[test]
    fn of_two_sleepers_the_line_of_the_last_one_is_blamed() {
        let [first, last] = lines();
        let steps = [(1, first), (2, last), (1, first)];
        let sleeps = [(1, first), (2, last)];
        assert_eq!(found(Failure::AllWait, &steps, &sleeps).blamed(), line(first));
    }

    #[test]
    fn a_panic_in_the_learners_file_is_blamed_itself() {
        let [first, _] = lines();
        let file = "exercises/a/tests/../src/till.rs".to_owned();
        let panic = Failure::Panicked(Panic { message: String::new(), file, line: 9 });
        assert_eq!(found(panic, &[(1, first)], &[]).blamed().as_deref(), Some("till.rs:9"));
    }
}
