//! What there is to say about one exercise that does not pass.

use crate::evidence::{Body, Words};
use crate::findings::ExerciseStatus;
use crate::judge::EXPERIMENT;
use crate::report::text::{Paint, clean, labelled, wrap};
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};

use super::Screen;
use super::words::{at, line_of};

impl Screen<'_> {
    /// What there is to say about one exercise that does not pass: what fails, why, where to go on. The
    /// evidence may be taller than the screen: what is to be done about it comes last.
    pub(super) fn details(&mut self, status: &ExerciseStatus<'_>) {
        let exercise = status.exercise;
        let judgement = &status.judgement;
        self.heading(status);
        self.line("");
        match judgement.verdict {
            Verdict::NotStarted => {
                let begin =
                    "  Not started. Read the task, then write your code where the stub says todo!.";
                self.line(begin);
            }
            _ => {
                self.why(judgement);
                self.lines(
                    &stage(status)
                        .map(|it| wrap(&it, self.style.text_width() - 2))
                        .unwrap_or_default(),
                    2,
                );
            }
        }
        self.line("");
        let label = match judgement.verdict {
            // A given file, which is not the learner's to edit.
            Verdict::TestsMissing | Verdict::WorkbookEdited => "look",
            _ => "edit",
        };
        self.line(&format!("  {label}  {}", line_of(&status.line_to_open)));
        self.line(&format!("  read  exercises/{}/README.md", exercise.directory));
        let hints = format!("({} of {} given)", status.hints_given, status.hints);
        let command = self.style.caller.command(&format!("hint {}", exercise.name));
        self.line(&format!("  hint  {command}   {hints}"));
        if is_about_processes(status) {
            let what = "(what its processes did)";
            let command = self.style.caller.command(&format!("trace {}", exercise.name));
            self.line(&format!("  trace {command}   {what}"));
        }
    }

    fn why(&mut self, judgement: &Judgement) {
        if let Some(evidence) = &judgement.evidence {
            self.words(&self.style.worded(evidence), 2);
        }
        let Some(test) = judgement.first_unpassed() else {
            return;
        };
        let mut words =
            test.evidence.as_ref().map_or_else(Words::default, |it| self.style.worded(it));
        // What is drawn may be taller than the screen: the words come last.
        if let Body::Columns(drawn) = &words.body
            && !self.style.scrolls
        {
            self.lines(&drawn.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
            self.line("");
            words.body = Body::None;
        }
        if judgement.verdict == Verdict::Skipped {
            let is_skipped = |test: &&TestResult| test.outcome == Outcome::Skipped;
            for test in judgement.tests.iter().filter(is_skipped) {
                self.line(&format!("  {} {}", self.paint("-", Paint::Open), clean(&test.name)));
            }
        } else {
            self.line(&format!("  {} {}", self.paint("✗", Paint::Bad), clean(&test.name)));
        }
        self.words(&words, 4);
        if let Some(place) = &test.place {
            self.line(&format!("    at {}", at(place)));
        }
        self.line("");
        self.line(&format!("  {}", beside_the_first(&judgement.tests)));
    }

    fn words(&mut self, words: &Words, indent: usize) {
        for (label, text) in &words.paragraphs {
            self.lines(&labelled(*label, text, self.style.text_width() - indent), indent);
        }
        match &words.body {
            Body::None => {}
            Body::Text(text) => self.lines(&wrap(text, self.style.text_width() - indent), indent),
            Body::Columns(text) => {
                self.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), indent);
            }
        }
    }
}

/// Whether what fails can be seen in the timeline of the experiment.
fn is_about_processes(status: &ExerciseStatus<'_>) -> bool {
    let needs = &status.exercise.needs;
    let failed = status.judgement.first_unpassed().filter(|t| t.outcome != Outcome::Skipped);
    failed.is_some_and(|test| {
        needs.contains_key(&test.target) || (!needs.is_empty() && test.target == EXPERIMENT)
    })
}

/// The stage of the task that the shown test belongs to.
fn stage(status: &ExerciseStatus<'_>) -> Option<String> {
    let exercise = status.exercise;
    let test = status.judgement.first_unpassed().filter(|_| exercise.groups.len() > 1)?;
    let group = exercise.group_of(&test.target, &test.name)?;
    let (number, of, name) = (group + 1, exercise.groups.len(), &exercise.groups[group].name);
    Some(format!("Stage {number} of {of}: {name}."))
}

/// How the tests stand beside the one that does not pass and is shown.
fn beside_the_first(tests: &[TestResult]) -> String {
    let count = |is: fn(Outcome) -> bool| tests.iter().filter(|test| is(test.outcome)).count();
    let passed = count(|outcome| outcome == Outcome::Passed);
    let not_run = count(|outcome| outcome == Outcome::NotRun);
    // The shown one is a test that was run, if there is one.
    let others = (tests.len() - passed - not_run).saturating_sub(1);
    let do_not = match others {
        0 if not_run == 0 => Some("this is the only one that does not".to_owned()),
        0 => None,
        1 => Some("1 other does not".to_owned()),
        count => Some(format!("{count} others do not")),
    };
    let were_not = match not_run {
        0 => None,
        1 => Some("1 was not run".to_owned()),
        count => Some(format!("{count} were not run")),
    };
    let passed = format!("{passed} of {} tests pass", tests.len());
    let parts: Vec<String> = [Some(passed), do_not, were_not].into_iter().flatten().collect();
    format!("{}.", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_not_run_is_not_said_to_fail() {
        let beside = |outcomes: &[(Outcome, usize)]| {
            let test = |outcome| TestResult {
                name: "a".into(),
                target: "t".into(),
                outcome,
                evidence: None,
                place: None,
            };
            let tests = outcomes.iter().flat_map(|&(outcome, count)| vec![test(outcome); count]);
            beside_the_first(&tests.collect::<Vec<_>>())
        };
        use Outcome::{Failed, NotRun, Passed, TimedOut};
        for (outcomes, said) in [
            (
                vec![(Passed, 2), (Failed, 1)],
                "2 of 3 tests pass; this is the only one that does not.",
            ),
            (vec![(Passed, 1), (Failed, 2)], "1 of 3 tests pass; 1 other does not."),
            (vec![(Failed, 4)], "0 of 4 tests pass; 3 others do not."),
            (vec![(Failed, 1), (NotRun, 1)], "0 of 2 tests pass; 1 was not run."),
            (
                vec![(Passed, 11), (TimedOut, 2), (NotRun, 33)],
                "11 of 46 tests pass; 1 other does not; 33 were not run.",
            ),
        ] {
            assert_eq!(beside(&outcomes), said);
        }
    }
}
