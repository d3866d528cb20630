//! An exercise that passes, and what comes next.

use crate::findings::ExerciseStatus;
use crate::judge::EXPERIMENT;
use crate::report::text::{Paint, wrap};

use super::fold::{Instead, Rank};
use super::words::{counted, heading, mark};
use super::{Screen, words};

impl Screen<'_> {
    pub(super) fn heading(&mut self, status: &ExerciseStatus<'_>) {
        let (mark, colour) = mark(status.judgement.verdict);
        let heading = self.paint(&heading(status.exercise), Paint::Strong);
        self.line(&format!("{} {heading}", self.paint(mark, colour)));
    }

    /// An exercise that passes, and what is true about its claim.
    pub(super) fn passed(&mut self, status: &ExerciseStatus<'_>) {
        self.line("");
        self.line(&self.pass(status));
        self.line("");
        let says = match &status.claim {
            Some(claim) => format!("{}{}", of_claims(status), claim.says),
            None => "The README says what that means for the claim.".to_owned(),
        };
        self.lines(&wrap(&says, self.style.text_width() - 2), 2);
        self.line("");
        self.warnings(status);
        let verdict = self.verdict_of_claim(status);
        self.line(&format!("  verdict  {verdict}"));
        let compare = self.style.caller.command(&format!("solution {}", status.exercise.name));
        self.line(&format!("  compare  {compare}"));
    }

    /// `✓ 2.3 semaphore passes (59 tests, 12,480 schedules)`.
    pub(super) fn pass(&self, status: &ExerciseStatus<'_>) -> String {
        let (exercise, judgement) = (status.exercise, &status.judgement);
        let tests = judgement.tests.iter().filter(|test| test.target != EXPERIMENT).count();
        let mut counts = vec![counted(tests as u64, "test")];
        match judgement.schedules() {
            0 => {}
            schedules => counts.push(counted(schedules, "schedule")),
        }
        let passes = format!("✓ {} {} passes", exercise.number, exercise.name);
        format!("{} ({})", self.paint(&passes, Paint::Good), counts.join(", "))
    }

    /// Where the README says what is true about the claim.
    pub(super) fn verdict_of_claim(&self, status: &ExerciseStatus<'_>) -> String {
        let file = words::readme(status.exercise);
        let line = status.claim.as_ref().map(|claim| claim.line);
        let shown = match line {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        };
        self.link(&shown, file.as_ref(), line)
    }

    /// What the compiler warns about in the learner's own files: a line for each warning.
    pub(super) fn warnings(&mut self, status: &ExerciseStatus<'_>) {
        if status.warnings.is_empty() {
            return;
        }
        let count = counted(status.warnings.len() as u64, "warning");
        let short = vec![format!("  The compiler has {count} about your code."), String::new()];
        let whole = self.style.height.is_none();
        self.folding(Rank::Others, Instead::Lines(short), |screen| {
            screen.line(&format!("  The compiler has {count} about your code:"));
            for warning in &status.warnings {
                let text = words::warning(warning, whole);
                screen.lines(&wrap(&text, screen.style.width - 4), 4);
            }
            screen.line("");
        });
    }

    /// Where to go on after a pass.
    pub(super) fn coming(&mut self, next: &ExerciseStatus<'_>) {
        self.line(&format!("  next     {}", self.paint(&heading(next.exercise), Paint::Strong)));
        let (edit, read) = (self.line_to_open(next), self.readme(next));
        self.line(&format!("  edit     {edit}"));
        self.line(&format!("  read     {read}"));
    }

    pub(super) fn all_pass(&mut self, count: usize) {
        self.line("");
        let done = format!("All {count} exercises pass. The workshop is yours.");
        self.line(&self.paint(&done, Paint::Good));
    }

    /// The line to open first.
    pub(super) fn line_to_open(&self, status: &ExerciseStatus<'_>) -> String {
        let place = &status.line_to_open;
        self.link(&words::line_of(place), &place.file, Some(place.line))
    }

    /// The exercise's README.
    pub(super) fn readme(&self, status: &ExerciseStatus<'_>) -> String {
        let file = words::readme(status.exercise);
        self.link(&file, file.as_ref(), None)
    }
}

/// `Claim C7: `, `Claims C7 and C8: `; nothing for an exercise that the notes have no claim for.
fn of_claims(status: &ExerciseStatus<'_>) -> String {
    match status.exercise.claims.as_slice() {
        [] => String::new(),
        [one] => format!("Claim {one}: "),
        several => format!("Claims {}: ", several.join(" and ")),
    }
}
