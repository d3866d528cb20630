//! What there is to say about one exercise that does not pass.

use crate::evidence::{Body, Evidence, Label, Words};
use crate::findings::{ExerciseStatus, Since};
use crate::judge::EXPERIMENT;
use crate::report::text::{Paint, clean, labelled, wrap};
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};
use crate::workbook::curriculum::Exercise;

use super::Screen;
use super::fold::{Instead, Rank};
use super::words::{at, heading};

/// A paragraph of more lines may give way.
const TALL: usize = 5;

impl Screen<'_> {
    /// What there is to say about one exercise that does not pass: what fails, why, where to go on. What is
    /// drawn or printed comes first, and what is to be done about it last.
    pub(super) fn details(&mut self, status: &ExerciseStatus<'_>) {
        let exercise = status.exercise;
        let judgement = &status.judgement;
        self.folding(Rank::Detail, Instead::Lines(Vec::new()), |screen| screen.line(""));
        self.heading(status);
        self.folding(Rank::Detail, Instead::Lines(Vec::new()), |screen| screen.line(""));
        match judgement.verdict {
            Verdict::NotStarted => {
                let begin =
                    "  Not started. Read the task, then write your code where the stub says todo!.";
                self.line(begin);
            }
            _ => {
                self.why(status);
                let stage = stage(status);
                let width = self.style.text_width() - 2;
                self.lines(&stage.map(|it| wrap(&it, width)).unwrap_or_default(), 2);
            }
        }
        self.line("");
        self.warnings(status);
        let label = match judgement.verdict {
            // A given file, which is not the learner's to edit.
            Verdict::TestsMissing | Verdict::WorkbookEdited => "look",
            _ => "edit",
        };
        let (edit, read) = (self.line_to_open(status), self.readme(status));
        self.line(&format!("  {label}  {edit}"));
        self.line(&format!("  read  {read}"));
        let hints = format!("({} of {} given)", status.hints_given, status.hints);
        let command = self.style.caller.command(&format!("hint {}", exercise.name));
        self.line(&format!("  hint  {command}   {hints}"));
        if is_about_processes(status) {
            let command = self.style.caller.command(&format!("trace {}", exercise.name));
            self.line(&format!("  trace {command}   (what its processes did)"));
        }
    }

    /// What is known of an exercise while its other tests run: the first one that fails.
    pub(in crate::report) fn failing(&mut self, exercise: &Exercise, test: &TestResult) {
        let mark = self.paint("✗", Paint::Bad);
        let heading = self.paint(&heading(exercise), Paint::Strong);
        self.line("");
        self.line(&format!("{mark} {heading}"));
        self.line("");
        let all = self.style.caller.command(&format!("check {} --full", exercise.name));
        self.test(test, &all, |screen| screen.fails(test));
        self.line("");
    }

    fn why(&mut self, status: &ExerciseStatus<'_>) {
        let judgement = &status.judgement;
        let all = self.style.caller.command(&format!("check {} --full", status.exercise.name));
        match &judgement.evidence {
            Some(Evidence::Compiler { text }) => self.compiler(&self.clean(text), &all),
            Some(evidence) => self.words(&self.style.worded(evidence, 2), 2, &all),
            None => {}
        }
        let Some(test) = judgement.first_unpassed() else {
            return;
        };
        self.test(test, &all, |screen| {
            if judgement.verdict == Verdict::Skipped {
                let is_skipped = |test: &&TestResult| test.outcome == Outcome::Skipped;
                for test in judgement.tests.iter().filter(is_skipped) {
                    screen.line(&format!(
                        "  {} {}",
                        screen.paint("-", Paint::Open),
                        clean(&test.name)
                    ));
                }
            } else {
                screen.fails(test);
            }
        });
        self.line("");
        self.line(&format!("  {}", how_many_pass(judgement, status.since.as_ref())));
        self.lost(status.since.as_ref());
    }

    fn fails(&mut self, test: &TestResult) {
        self.line(&format!("  {} {}", self.paint("✗", Paint::Bad), clean(&test.name)));
    }

    /// What a test has found out, behind its `name`.
    fn test(&mut self, test: &TestResult, all: &str, name: impl FnOnce(&mut Self)) {
        let words = test.evidence.as_ref();
        let mut words = words.map_or_else(Words::default, |it| self.style.worded(it, 4));
        // What is drawn may be taller than the screen: the words come last.
        if let Body::Columns(drawn) = &words.body
            && !self.style.scrolls
        {
            let more = format!("    … {{}} more lines: {all}");
            self.folding(Rank::Drawing, Instead::TheirEnd(more), |screen| {
                screen.lines(&drawn.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
            });
            self.line("");
            words.body = Body::None;
        }
        name(self);
        self.words(&words, 4, all);
        if let Some(place) = &test.place {
            let at = self.link(&at(place), &place.file, Some(place.line));
            self.folding(Rank::Detail, Instead::Lines(Vec::new()), |screen| {
                screen.line(&format!("    at {at}"));
            });
        }
    }

    /// The tests that passed the last time and do not now.
    fn lost(&mut self, since: Option<&Since>) {
        let Some(Since { not_any_more, .. }) = since else { return };
        let names: Vec<String> = not_any_more.iter().map(|name| clean(name)).collect();
        let (first, others) = match names.as_slice() {
            [] => return,
            [first, others @ ..] => (first, others),
        };
        let more = match others.len() {
            0 => String::new(),
            count => format!(", and {count} more"),
        };
        let text = format!("Passed the last time, and does not now: {first}{more}.");
        for line in wrap(&text, self.style.text_width() - 2) {
            self.line(&format!("  {}", self.paint(&line, Paint::Open)));
        }
    }

    /// The compiler's errors: the first one stays whole, the others often follow from it.
    fn compiler(&mut self, text: &str, all: &str) {
        let (first, others) = match text.split_once("\n\n") {
            Some((first, others)) => (first, others),
            None => (text, ""),
        };
        self.printed(first, 2, all);
        if !others.is_empty() {
            let more = format!("  … and more errors: {all}");
            self.folding(Rank::Others, Instead::Lines(vec![String::new(), more]), |screen| {
                screen.line("");
                screen.lines(&others.lines().map(str::to_owned).collect::<Vec<_>>(), 2);
            });
        }
        self.line("");
    }

    fn words(&mut self, words: &Words, indent: usize, all: &str) {
        let width = self.style.text_width() - indent;
        for (label, text) in &words.paragraphs {
            let lines = labelled(*label, text, width);
            let write = |screen: &mut Self| screen.lines(&lines, indent);
            match label {
                Label::Again => self.folding(Rank::Command, Instead::Lines(Vec::new()), write),
                _ if lines.len() > TALL => self.folding_end(indent, all, write),
                _ => write(self),
            }
        }
        match &words.body {
            Body::None => {}
            Body::Text(text) => self.folding_end(indent, all, |screen| {
                screen.lines(&wrap(text, width), indent);
            }),
            Body::Columns(text) => {
                if self.style.scrolls && !words.paragraphs.is_empty() {
                    self.line("");
                }
                self.printed(text, indent, all);
            }
        }
    }

    /// What was printed in lines that may not be broken.
    fn printed(&mut self, text: &str, indent: usize, all: &str) {
        self.folding_end(indent, all, |screen| {
            screen.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), indent);
        });
    }

    /// Lines whose end may give way.
    fn folding_end(&mut self, indent: usize, all: &str, write: impl FnOnce(&mut Self)) {
        let more = format!("{:indent$}… {{}} more lines: {all}", "");
        self.folding(Rank::Printed, Instead::TheirBeginning(more), write);
    }

    fn clean(&self, text: &str) -> String {
        self.style.with_commands(&clean(text))
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

/// How many tests pass, how many did the last time, and the place of the one that is shown.
fn how_many_pass(judgement: &Judgement, since: Option<&Since>) -> String {
    let tests = &judgement.tests;
    let count = |is: fn(Outcome) -> bool| tests.iter().filter(|test| is(test.outcome)).count();
    let passed = count(|outcome| outcome == Outcome::Passed);
    let not_run = count(|outcome| outcome == Outcome::NotRun);
    let was = since.map(|since| format!(" (was {})", since.passed)).unwrap_or_default();
    let were_not = match not_run {
        0 => String::new(),
        1 => "; 1 was not run".to_owned(),
        count => format!("; {count} were not run"),
    };
    // The shown one is a test that was run, if there is one.
    let shown = match tests.len() - passed - not_run {
        0 | 1 => "This is the only one that does not".to_owned(),
        count => format!("This is the first of {count} that do not"),
    };
    format!("{passed} of {} tests pass{was}. {shown}{were_not}.", tests.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(outcomes: &[(Outcome, usize)], since: Option<&Since>) -> String {
        let test = |outcome| TestResult {
            name: "a".into(),
            target: "t".into(),
            outcome,
            evidence: None,
            place: None,
            schedules: None,
        };
        let tests = outcomes.iter().flat_map(|&(outcome, count)| vec![test(outcome); count]);
        how_many_pass(&Judgement::from_tests(tests.collect()), since)
    }

    #[test]
    fn a_test_that_was_not_run_is_not_said_to_fail() {
        use Outcome::{Failed, NotRun, Passed, TimedOut};
        for (outcomes, text) in [
            (
                vec![(Passed, 2), (Failed, 1)],
                "2 of 3 tests pass. This is the only one that does not.",
            ),
            (vec![(Failed, 4)], "0 of 4 tests pass. This is the first of 4 that do not."),
            (
                vec![(Failed, 1), (NotRun, 1)],
                "0 of 2 tests pass. This is the only one that does not; 1 was not run.",
            ),
            (
                vec![(Passed, 11), (TimedOut, 2), (NotRun, 33)],
                "11 of 46 tests pass. This is the first of 2 that do not; 33 were not run.",
            ),
        ] {
            assert_eq!(said(&outcomes, None), text);
        }
    }

    #[test]
    fn how_many_passed_the_last_time_is_said_too() {
        let since = Since { passed: 54, not_any_more: Vec::new() };
        let said = said(&[(Outcome::Passed, 57), (Outcome::Failed, 2)], Some(&since));
        assert!(said.starts_with("57 of 59 tests pass (was 54). "), "{said}");
    }
}
