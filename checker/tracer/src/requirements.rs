//! What the tests of a timeline or a trial require alike, as lessons.

use evidence::Lesson;

use crate::trials::Trial;
use crate::{End, Program, Timeline};

impl Program {
    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// If it is stuck, with a lesson: what was `expected`, what is `likely` the reason, what to `read`. If
    /// it cannot be traced, with the reason.
    #[track_caller]
    pub fn run_to_its_end(&self, expected: &str, likely: &str, read: &str) -> Timeline {
        let timeline = self.run().unwrap_or_else(|error| panic!("{error}"));
        if let Some(stuck) = &timeline.stuck {
            fail(expected, stuck.to_string(), likely, read);
        }
        timeline
    }
}

impl Timeline {
    /// The same timeline, of a program that exited with 0.
    ///
    /// # Panics
    ///
    /// If its first process ended otherwise, with a lesson.
    #[track_caller]
    pub fn of_success(self) -> Self {
        let (end, stderr) = (self.root().end, &self.stderr);
        if end != End::Exited(0) {
            fail(
                "the experiment to end well",
                format!("P1: {end}\n{stderr}"),
                "a panic or a `todo!`: its text stands above",
                "README, the task",
            );
        }
        self
    }
}

impl Trial {
    /// Every disturbed run printed what the undisturbed one did: `scene` says what was on trial.
    ///
    /// # Panics
    ///
    /// At the first that did not, with a lesson.
    #[track_caller]
    pub fn comes_to_the_same_when_interrupted(&self, scene: &str, likely: &str) {
        let undisturbed = &self.undisturbed.stdout;
        for disturbed in &self.disturbed {
            let timeline = &disturbed.timeline;
            if timeline.stdout == *undisturbed {
                continue;
            }
            let seen = timeline.stdout.trim_end();
            let lesson = Lesson {
                expected: format!(
                    "{scene} to come to the same when a signal interrupts a call:\n{undisturbed}"
                ),
                seen: format!("when {disturbed}:\n{seen}"),
                likely: likely.to_owned(),
                read: "signal(7), Interruption of system calls and library functions by signal handlers"
                    .to_owned(),
                ..Lesson::default()
            };
            lesson.timeline(timeline).fail();
        }
    }
}

#[track_caller]
fn fail(expected: &str, seen: String, likely: &str, read: &str) -> ! {
    let [expected, likely, read] = [expected, likely, read].map(str::to_owned);
    Lesson { expected, seen, likely, read, ..Lesson::default() }.fail()
}
