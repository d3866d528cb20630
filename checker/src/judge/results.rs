//! The results of tests as they come, and what is told of them meanwhile.

use crate::event::{Event, Sink};
use crate::verdict::{Outcome, TestResult};
use crate::workbook::curriculum::Exercise;

/// The results of the tests of one exercise.
pub(super) struct Results<'a> {
    exercise: &'a Exercise,
    all: Vec<Option<TestResult>>,
    done: usize,
    /// So many from the first on have run, and none of them decides the verdict.
    settled: usize,
    is_decided: bool,
}

impl<'a> Results<'a> {
    pub(super) fn new(exercise: &'a Exercise, count: usize) -> Self {
        Self { exercise, all: vec![None; count], done: 0, settled: 0, is_decided: false }
    }

    /// Takes the result of the test in this place. The first one that does not pass is told as soon as all before it
    /// have run: it is the one that the verdict will show.
    pub(super) fn add(&mut self, place: usize, result: TestResult, events: &mut dyn Sink) {
        let exercise = self.exercise;
        self.all[place] = Some(result);
        self.done += 1;
        events.emit(&Event::Tested { exercise, done: self.done, of: self.all.len() });
        while let Some(Some(test)) = self.all.get(self.settled).filter(|_| !self.is_decided) {
            if matches!(test.outcome, Outcome::Passed | Outcome::Skipped) {
                self.settled += 1;
            } else {
                self.is_decided = true;
                events.emit(&Event::Failed { exercise, test });
            }
        }
    }

    pub(super) fn into_all(self) -> Vec<TestResult> {
        self.all.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Sink for Told {
        fn emit(&mut self, event: &Event<'_>) {
            self.0.push(match event {
                Event::Tested { done, of, .. } => format!("{done} of {of}"),
                Event::Failed { test, .. } => test.name.clone(),
                other => panic!("{other:?}"),
            });
        }
    }

    fn result(place: usize, outcome: Outcome) -> TestResult {
        TestResult {
            name: format!("test {place}"),
            target: "answer".to_owned(),
            outcome,
            evidence: None,
            place: None,
            schedules: None,
        }
    }

    #[test]
    fn the_first_failure_in_the_order_of_the_task_is_told_once_nothing_before_it_can_fail() {
        let exercise = Exercise::example(Duration::from_secs(1));
        let mut results = Results::new(&exercise, 4);
        let mut told = Told::default();
        let come = [
            (2, Outcome::Failed),
            (0, Outcome::Skipped),
            (1, Outcome::Passed),
            (3, Outcome::Failed),
        ];
        for (place, outcome) in come {
            results.add(place, result(place, outcome), &mut told);
        }
        assert_eq!(told.0, ["1 of 4", "2 of 4", "3 of 4", "test 2", "4 of 4"]);
        let names: Vec<String> = results.into_all().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["test 0", "test 1", "test 2", "test 3"]);
    }
}
