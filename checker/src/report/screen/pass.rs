//! An exercise that passes, and what comes next.

use crate::findings::ExerciseStatus;
use crate::judge::EXPERIMENT;
use crate::report::text::{Paint, wrap};
use crate::verdict::TestResult;

use super::Screen;
use super::words::{heading, line_of, mark, verdict_of_claim};

impl Screen<'_> {
    pub(super) fn heading(&mut self, status: &ExerciseStatus<'_>) {
        let (mark, colour) = mark(status.judgement.verdict);
        let heading = self.paint(&heading(status.exercise), Paint::Strong);
        self.line("");
        self.line(&format!("{} {heading}", self.paint(mark, colour)));
    }

    /// An exercise that passes, and where the README says what that means for the claim.
    pub(super) fn passed(&mut self, status: &ExerciseStatus<'_>) {
        let is_test = |test: &&TestResult| test.target != EXPERIMENT;
        let tests = status.judgement.tests.iter().filter(is_test).count();
        self.heading(status);
        self.line("");
        let passed = "tests pass, and the experiment prints what the reference's prints.";
        self.lines(&wrap(&format!("All {tests} {passed}"), self.style.text_width() - 2), 2);
        self.line("  The README's section Verdict says what that means for the claim.");
        self.line("");
        self.line(&format!("  verdict  {}", verdict_of_claim(status)));
        let compare = self.style.caller.command(&format!("solution {}", status.exercise.name));
        self.line(&format!("  compare  {compare}"));
    }

    /// Where to go on after a pass.
    pub(super) fn coming(&mut self, next: &ExerciseStatus<'_>) {
        self.line(&format!("  next     {}", self.paint(&heading(next.exercise), Paint::Strong)));
        self.line(&format!("  edit     {}", line_of(&next.line_to_open)));
        self.line(&format!("  read     exercises/{}/README.md", next.exercise.directory));
    }

    pub(super) fn all_pass(&mut self, count: usize) {
        self.line("");
        let done = format!("All {count} exercises pass. The workshop is yours.");
        self.line(&self.paint(&done, Paint::Good));
    }
}
