//! A student's page: what each exercise came to, and what to read where it does not pass.

use maud::{Markup, html};

use super::html::{Document, breakable, count, name, one_line};
use super::message::message;
use super::rates::has_failed;
use super::stylesheet::{look, mark};
use crate::grade::gradebook::{Cell, Gradebook, Line};
use crate::grade::points::Points;
use crate::grade::score::Worth;
use crate::verdict::{Judgement, Outcome, Place, TestResult, Verdict};
use crate::workbook::curriculum::{Curriculum, Exercise};

/// The most files without effect that are named.
const FILES: usize = 200;
/// The most characters of a name, a path, a reason.
const TEXT: usize = 300;

/// The page of a student of the gradebook.
pub(super) fn page(
    curriculum: &Curriculum,
    gradebook: &Gradebook<'_>,
    student: &Line<'_>,
) -> String {
    let submission = &student.stored.submission;
    let results: Vec<(&Exercise, &Option<Cell<'_>>)> =
        gradebook.exercises.iter().copied().zip(&student.cells).collect();
    let body = html! {
        header {
            h1 { (name(&submission.student)) }
            p class="facts" {
                span { (student.total_in_words()) " of " (gradebook.worth_of_all()) " points" }
                @if student.bonus() > Points::default() { span { (student.bonus()) " of them a bonus" } }
                span { (student.passed()) " of " (results.len()) " pass" }
                @if submission.days_late() > 0 {
                    span {
                        (count(submission.days_late() as usize, "day late", "days late"))
                        @if student.late_percent > 0 { ": " (student.late_percent) " % off" }
                    }
                }
            }
            @if let Some(why) = &student.stored.unreadable {
                p class="banner" { "The submission cannot be read: " bdi { (one_line(why, TEXT)) } }
            }
        }
        main {
            section { (overview(curriculum, gradebook, &results)) }
            @for (exercise, cell) in &results {
                @if let Some(cell) = cell { (findings(exercise, gradebook.worth(exercise), cell)) }
            }
            (files(student))
        }
    };
    let title = format!("{}: {}", curriculum.title, one_line(&submission.student, TEXT));
    Document { title, style: "body { max-width: 62rem }\n".to_owned(), script: None, body }.text()
}

/// Every exercise in a line, by part.
fn overview(
    curriculum: &Curriculum,
    gradebook: &Gradebook<'_>,
    results: &[(&Exercise, &Option<Cell<'_>>)],
) -> Markup {
    html! {
        table class="overview" {
            caption class="spoken" { "All exercises" }
            thead class="spoken" {
                tr {
                    th scope="col" { "Exercise" }
                    th scope="col" { "Verdict" }
                    th scope="col" { "Points" }
                }
            }
            @for part in &curriculum.parts {
                tbody {
                    tr { th colspan="3" scope="rowgroup" class="part" { (part.number) " " (part.title) } }
                    @for (exercise, cell) in results {
                        @if exercise.number.part == part.number {
                            (overview_row(exercise, gradebook.worth(exercise), cell))
                        }
                    }
                }
            }
        }
    }
}

fn overview_row(exercise: &Exercise, worth: Worth, cell: &Option<Cell<'_>>) -> Markup {
    let judgement = cell.as_ref().map(|cell| &*cell.shown);
    let verdict = judgement.map(|judgement| judgement.verdict);
    let look = look(verdict);
    html! {
        tr {
            th scope="row" {
                span class="number" { (exercise.number) } " "
                @if judgement.is_some_and(has_findings) {
                    a href=(format!("#{}", exercise.name)) { (exercise.name) }
                } @else {
                    (exercise.name)
                }
            }
            td class=(format!("verdict {}", look.tone)) {
                (mark(verdict)) " " (look.words)
                @if let Some(judgement) = judgement.filter(|it| has_findings(it) && !it.tests.is_empty()) {
                    span class="of" { " " (tests_that_pass(judgement)) }
                }
            }
            td class="points" {
                @match cell.as_ref().and_then(|cell| cell.score.as_ref()) {
                    Some(score) => (score.points),
                    None => "–",
                }
                " " span class="of" { "of " (worth) }
            }
        }
    }
}

fn tests_that_pass(judgement: &Judgement) -> String {
    format!("{} of {} tests pass", judgement.passed(), judgement.tests.len())
}

/// Whether there is something to read.
fn has_findings(judgement: &Judgement) -> bool {
    !matches!(judgement.verdict, Verdict::Passed | Verdict::NotStarted)
}

fn findings(exercise: &Exercise, worth: Worth, cell: &Cell<'_>) -> Markup {
    let judgement = &*cell.shown;
    if !has_findings(judgement) {
        return html! {};
    }
    let look = look(Some(judgement.verdict));
    let what = format!("What became of {}", exercise.name);
    let failing = judgement.tests.iter().filter(|test| has_failed(test));
    html! {
        section class="findings" id=(exercise.name) {
            h2 { span class="number" { (exercise.number) } " " (exercise.name) ": " (exercise.title) }
            p class="facts" {
                span class=(format!("verdict {}", look.tone)) { (mark(Some(judgement.verdict))) " " (look.words) }
                @match &cell.score {
                    Some(score) => span { (score.points) " of " (worth) " points" },
                    None => span { "no points yet, of " (worth) },
                }
                @if !judgement.tests.is_empty() { span { (tests_that_pass(judgement)) } }
            }
            @if let Some(evidence) = &judgement.evidence { (message(evidence, &what)) }
            (place(judgement.place.as_ref()))
            // The easiest is the one to read first.
            @for (nth, test) in failing.enumerate() { (failing_test(test, nth == 0)) }
            (others(judgement, "was not run", "were not run", |it| it == Outcome::NotRun))
            (others(judgement, "was skipped", "were skipped", |it| it == Outcome::Skipped))
        }
    }
}

fn failing_test(test: &TestResult, is_open: bool) -> Markup {
    let shown = one_line(&test.name, TEXT);
    html! {
        details class="failing" open[is_open] {
            summary {
                span class="code" { bdi { (breakable(&shown)) } } " "
                span class="of" { (outcome(test.outcome)) }
            }
            @if let Some(evidence) = &test.evidence { (message(evidence, &shown)) }
            (place(test.place.as_ref()))
        }
    }
}

/// What became of a test, where `failed` says nothing new.
fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed | Outcome::Failed => "",
        Outcome::TimedOut => "timed out",
        Outcome::Crashed => "crashed",
        Outcome::ExitedEarly => "exited early",
        Outcome::Missing => "is missing",
        Outcome::Skipped => "skipped",
        Outcome::TooMuchOutput => "too much output",
        Outcome::AttackedSupervisor => "attacked its supervisor",
        Outcome::Forged => "forged",
        Outcome::Leaked => "left processes behind",
        Outcome::OutputDiffers => "output differs",
        Outcome::NotRun => "not run",
    }
}

fn place(place: Option<&Place>) -> Markup {
    html! {
        @if let Some(place) = place {
            p class="place" { "at " span class="code" { bdi { (one_line(&place.to_string(), TEXT)) } } }
        }
    }
}

/// Tests that have no message of their own.
fn others(judgement: &Judgement, one: &str, many: &str, which: fn(Outcome) -> bool) -> Markup {
    let tests: Vec<&TestResult> = judgement.tests.iter().filter(|it| which(it.outcome)).collect();
    html! {
        @if !tests.is_empty() {
            details class="failing" {
                summary {
                    (count(tests.len(), &format!("test {one}"), &format!("tests {many}")))
                }
                ul { @for test in &tests { li class="code" { bdi { (one_line(&test.name, TEXT)) } } } }
            }
        }
    }
}

fn files(student: &Line<'_>) -> Markup {
    let notes = &student.stored.notes;
    html! {
        @if !notes.is_empty() {
            section id="files" {
                h2 { "Files without effect" }
                p class="lead" { "They were handed in, and had no effect on any verdict." }
                ul {
                    @for note in notes.iter().take(FILES) {
                        li { span class="code" { bdi { (one_line(&note.path, TEXT)) } } " " (note.why.in_words()) }
                    }
                    @if notes.len() > FILES { li { "and " (notes.len() - FILES) " more" } }
                }
            }
        }
    }
}
