//! What the tests of a timeline or a trial require alike, as lessons.

use evidence::Lesson;

use crate::trials::{Meanwhile, ShortTransfers, Shortened, Trial};
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
    /// The marked part makes at least so many calls that can be disturbed: a trial of nothing shows nothing.
    ///
    /// # Panics
    ///
    /// If it makes fewer, with a lesson.
    #[track_caller]
    pub fn has_calls(&self, at_least: usize, expected: &str, likely: &str) {
        let calls = self.disturbed.len();
        if calls < at_least {
            let seen = format!("{calls} calls that could fail");
            fail(expected, seen, likely, "README, the task");
        }
    }

    /// Every disturbed run printed what the undisturbed one did: `scene` says what was on trial.
    ///
    /// # Panics
    ///
    /// At the first that did not, with a lesson.
    #[track_caller]
    pub fn comes_to_the_same_when_interrupted(&self, scene: &str, likely: &str) {
        let undisturbed = &self.undisturbed.stdout;
        let expected =
            format!("{scene} to come to the same when a signal interrupts a call:\n{undisturbed}");
        let read =
            "signal(7), Interruption of system calls and library functions by signal handlers";
        let other = self.disturbed.iter().find(|it| it.timeline.stdout != *undisturbed);
        let Some(disturbed) = other else { return };
        let timeline = &disturbed.timeline;
        let seen = format!("when {disturbed}:\n{}", timeline.stdout.trim_end());
        lesson(&expected, seen, likely, read).timeline(timeline).fail();
    }
}

impl ShortTransfers {
    /// Every run with a short transfer printed what the undisturbed one did: `scene` says what was on trial.
    ///
    /// # Panics
    ///
    /// At the first that did not, with a lesson.
    #[track_caller]
    pub fn come_to_the_same(&self, scene: &str, likely: &str) {
        let undisturbed = &self.undisturbed.stdout;
        let expected = format!(
            "{scene} to come to the same when a call transfers less than it is asked:\n{}",
            beginning(undisturbed)
        );
        let read = "read(2), RETURN VALUE; write(2), RETURN VALUE; pipe(7), PIPE_BUF";
        let other = self.shortened.iter().find(|it| it.timeline.stdout != *undisturbed);
        let Some(Shortened { site, timeline }) = other else { return };
        let shown = beginning(timeline.stdout.trim_end());
        let seen = format!("when {site} transfers one byte:\n{shown}");
        lesson(&expected, seen, likely, read).timeline(timeline).fail();
    }
}

/// Of a long output the first lines.
fn beginning(output: &str) -> String {
    const MOST: usize = 300;
    let mut text: String = output.chars().take(MOST).collect();
    if text.len() < output.len() {
        text.push('…');
    }
    text
}

impl Meanwhile {
    /// The marked part changed nothing that other threads can see: `scene` says what was on trial.
    ///
    /// # Panics
    ///
    /// If it did, with a lesson.
    #[track_caller]
    pub fn changes_nothing(&self, scene: &str, likely: &str, read: &str) {
        if !self.changes.is_empty() {
            let expected = format!(
                "{scene} to change nothing in the caller, whose other threads go on meanwhile"
            );
            fail(&expected, format!("it {}", self.changes.join("; it ")), likely, read);
        }
    }
}

#[track_caller]
fn fail(expected: &str, seen: String, likely: &str, read: &str) -> ! {
    lesson(expected, seen, likely, read).fail()
}

fn lesson(expected: &str, seen: String, likely: &str, read: &str) -> Lesson {
    let [expected, likely, read] = [expected, likely, read].map(str::to_owned);
    Lesson { expected, seen, likely, read, ..Lesson::default() }
}
