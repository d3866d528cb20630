//! The page of the class: who stands where, which tests fail, what could not be used.

use maud::{Markup, html};

use super::html::{Document, breakable, count, file_name, name, one_line};
use super::matrix::{matrix, occurs, wide_enough};
use super::rates::{Rate, rates};
use super::stylesheet::{all, look, mark};
use crate::evidence::Evidence;
use crate::grade::gradebook::{Alike, Gradebook, Line};
use crate::grade::points::Points;
use crate::grade::scheme::Scheme;
use crate::workbook::curriculum::Curriculum;

/// Sorts and filters; without it the page is complete, too.
const SCRIPT: &str = include_str!("class.js");

/// The tests that are shown at once; the others can be unfolded.
const TESTS: usize = 15;
/// The most files without effect that are named for one student; the student's page names more.
const FILES: usize = 5;
/// The most flags that are named for one student; the JSON report has them all.
const FLAGS: usize = 10;
/// The most characters of a reason or a path.
const TEXT: usize = 300;

/// The page of the class.
pub(super) fn page(curriculum: &Curriculum, gradebook: &Gradebook<'_>) -> String {
    let (rates, harmless) = rates(gradebook);
    let unreadable: Vec<&Line<'_>> =
        gradebook.lines.iter().filter(|line| line.stored.unreadable.is_some()).collect();
    let remarked: Vec<&Line<'_>> =
        gradebook.lines.iter().filter(|line| !line.stored.remarks.is_empty()).collect();
    let noted: Vec<&Line<'_>> =
        gradebook.lines.iter().filter(|line| !line.stored.notes.is_empty()).collect();
    let alike = gradebook.alike();
    let unjudged: Vec<&Line<'_>> =
        gradebook.lines.iter().filter(|line| line.unjudged().next().is_some()).collect();
    let flagged: Vec<&Line<'_>> =
        gradebook.lines.iter().filter(|line| line.flags().next().is_some()).collect();
    let body = html! {
        header {
            h1 { (curriculum.title) }
            (facts(gradebook))
            nav aria-label="On this page" {
                a href="#students" { "Students" }
                a href="#tests" { "Tests" }
                @if !unjudged.is_empty() { a href="#unjudged" { "Need a person" } }
                @if !flagged.is_empty() { a href="#flags" { "To look at" } }
                @if !alike.is_empty() { a href="#alike" { "Alike" } }
                @if !unreadable.is_empty() { a href="#unreadable" { "Cannot be read" } }
                @if !remarked.is_empty() { a href="#uploads" { "Uploads" } }
                @if !noted.is_empty() { a href="#files" { "Files without effect" } }
                a href="#isolation" { "Isolation" }
                a href="#legend" { "Legend" }
            }
        }
        main {
            section id="students" {
                h2 { "Students" }
                (tools(gradebook))
                div class="box" tabindex="0" role="region" aria-label="Students and exercises" {
                    (matrix(gradebook))
                }
            }
            section id="tests" {
                h2 { "Tests that fail" }
                (tests(&rates, harmless))
            }
            @if !unjudged.is_empty() {
                section id="unjudged" {
                    h2 { "Need a person" }
                    p class="lead" {
                        "What was handed in cannot be judged as it is. These results have no points yet."
                    }
                    dl class="list" { @for line in unjudged { (why_unjudged(line)) } }
                }
            }
            @if !flagged.is_empty() {
                section id="flags" {
                    h2 { "To look at" }
                    p class="lead" {
                        "Places in submissions that may have no business in the exercise: neither its stub nor \
                         its reference solution does such a thing. They change no verdict and no points."
                    }
                    dl class="list" { @for line in flagged { (to_look_at(line)) } }
                }
            }
            @if !alike.is_empty() {
                section id="alike" {
                    h2 { "Alike" }
                    p class="lead" {
                        "Submissions to an exercise that are the same but for comments and spaces. The stub and \
                         the reference solution do not count. It changes no points."
                    }
                    dl class="list" { @for alike in &alike { (those_alike(alike)) } }
                }
            }
            @if !unreadable.is_empty() {
                section id="unreadable" {
                    h2 { "Cannot be read" }
                    p class="lead" { "Nothing could be taken from these submissions." }
                    dl class="list" { @for line in unreadable { (why_unreadable(line)) } }
                }
            }
            @if !remarked.is_empty() {
                section id="uploads" {
                    h2 { "Uploads" }
                    p class="lead" { "What was noticed while the submissions were read." }
                    dl class="list" { @for line in remarked { (remarks(line)) } }
                }
            }
            @if !noted.is_empty() {
                section id="files" {
                    h2 { "Files without effect" }
                    p class="lead" {
                        "They were handed in, and had no effect on any verdict. Of most interest are given \
                         files that differ: somebody has edited a test or a manifest."
                    }
                    dl class="list" { @for line in noted { (without_effect(line)) } }
                }
            }
            section id="isolation" {
                h2 { "Isolation" }
                (isolation(gradebook))
            }
            section id="legend" {
                h2 { "Legend" }
                (legend(gradebook))
            }
        }
    };
    Document {
        title: format!("{}: the class", curriculum.title),
        style: wide_enough(gradebook.exercises.len()),
        script: Some(SCRIPT),
        body,
    }
    .text()
}

fn facts(gradebook: &Gradebook<'_>) -> Markup {
    let (students, exercises) = (gradebook.lines.len(), gradebook.exercises.len());
    let passed: usize = gradebook.lines.iter().map(Line::passed).sum();
    // What is open is no 0.
    let complete = gradebook.lines.iter().filter(|line| line.open() == 0);
    let median = Points::median(complete.map(Line::total).collect());
    html! {
        p class="facts" {
            span { (count(students, "student", "students")) }
            span { (count(exercises, "exercise", "exercises")) }
            span { (passed) " of " (students * exercises) " pass" }
            @if let Some(median) = median {
                span { "median " (median) " of " (gradebook.worth_of_all()) " points" }
            }
            @match gradebook.open() {
                0 => {}
                open => { span class="open" { (open) " open" } }
            }
        }
    }
}

/// Shown by the script, which they need.
fn tools(gradebook: &Gradebook<'_>) -> Markup {
    html! {
        form id="tools" hidden {
            label { "Name " input id="filter" type="search" autocomplete="off" spellcheck="false"; }
            label {
                "Verdict "
                select id="verdict" {
                    option value="" { "any" }
                    @for look in all().filter(|it| occurs(gradebook, *it)).map(look) {
                        option value=(look.name) { (look.words) }
                    }
                }
            }
            output id="shown" {}
        }
    }
}

fn tests(rates: &[Rate<'_>], harmless: usize) -> Markup {
    let (first, more) = rates.split_at(rates.len().min(TESTS));
    html! {
        p class="lead" {
            "Of the students who have started the exercise, how many fail the test. "
            b { "Alone" } " counts the students who fail nothing else in the exercise: if a test is wrong, it shows here."
        }
        @if rates.is_empty() {
            p { "No test fails." }
        } @else {
            div class="box" { (tests_table(first)) }
        }
        @if !more.is_empty() {
            details {
                summary { (count(more.len(), "more test that somebody fails", "more tests that somebody fails")) }
                div class="box" { (tests_table(more)) }
            }
        }
        @if harmless > 0 {
            p class="lead" { (count(harmless, "test fails for nobody.", "tests fail for nobody.")) }
        }
    }
}

fn tests_table(rates: &[Rate<'_>]) -> Markup {
    html! {
        table class="tests" {
            thead {
                tr {
                    th scope="col" class="share" { "Fail" }
                    th scope="col" class="alone" { "Alone" }
                    th scope="col" class="test" { "Test" }
                    th scope="col" { "Most often says" }
                }
            }
            tbody { @for rate in rates { (rate_row(rate)) } }
        }
    }
}

fn rate_row(rate: &Rate<'_>) -> Markup {
    html! {
        tr {
            td class="share" {
                (bar(rate.percent()))
                span class="percent" { (rate.percent()) " %" } " "
                span class="of" { (rate.failed) " of " (rate.started) }
            }
            td class="alone" { (rate.alone) }
            th scope="row" class="test" {
                span class="code" { (breakable(&one_line(rate.test, TEXT))) }
                span class="where" { (rate.exercise.number) " " (rate.exercise.name) ", " (one_line(rate.target, TEXT)) }
            }
            td class="says" {
                @if let Some((says, times)) = &rate.says {
                    bdi { (says) }
                    @if *times < rate.failed { " " span class="of" { "(" (times) " of " (rate.failed) ")" } }
                }
            }
        }
    }
}

/// Drawn, because the policy allows no style of a single element.
fn bar(percent: usize) -> Markup {
    html! {
        svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
            rect class="track" width="100" height="6" rx="1" {}
            rect class="filled" width=(percent) height="6" rx="1" {}
        }
    }
}

fn why_unreadable(line: &Line<'_>) -> Markup {
    let why = line.stored.unreadable.as_deref().unwrap_or_default();
    html! {
        div {
            dt { (link(line)) }
            dd { bdi { (one_line(why, TEXT)) } }
        }
    }
}

fn remarks(line: &Line<'_>) -> Markup {
    let remarks = &line.stored.remarks;
    html! {
        div {
            dt { (link(line)) }
            dd {
                ul {
                    @for remark in remarks.iter().take(FILES) {
                        li { bdi { (one_line(&remark.to_string(), TEXT)) } }
                    }
                    @if remarks.len() > FILES { li { "and " (remarks.len() - FILES) " more" } }
                }
            }
        }
    }
}

/// Each exercise of a student that a person has to look at, with the first line that says why.
fn why_unjudged(line: &Line<'_>) -> Markup {
    html! {
        div {
            dt { (link(line)) }
            dd {
                ul {
                    @for cell in line.unjudged() {
                        @let why = cell.result.judgement.evidence.as_ref().map(Evidence::headline);
                        li {
                            (cell.result.exercise) ": "
                            bdi { (one_line(&why.unwrap_or_default(), TEXT)) }
                        }
                    }
                }
            }
        }
    }
}

fn those_alike(alike: &Alike<'_>) -> Markup {
    html! {
        div {
            dt { (alike.exercise) }
            dd {
                ul {
                    @for student in &alike.students {
                        li { a href=(format!("students/{}", file_name(student))) { (name(student)) } }
                    }
                }
            }
        }
    }
}

fn to_look_at(line: &Line<'_>) -> Markup {
    let count = line.flags().count();
    html! {
        div {
            dt { (link(line)) }
            dd {
                ul {
                    @for (exercise, flag) in line.flags().take(FLAGS) {
                        li {
                            (exercise) " "
                            span class="code" { (name(&flag.file)) ":" (flag.line) } " "
                            span class="code" { (name(&flag.what)) } " " (flag.kind.why())
                        }
                    }
                    @if count > FLAGS { li { "and " (count - FLAGS) " more" } }
                }
            }
        }
    }
}

/// What stood between the submissions and the machine.
fn isolation(gradebook: &Gradebook<'_>) -> Markup {
    let all = gradebook.isolation();
    html! {
        @if all.len() > 1 {
            p class="lead" { "Not all results were found out behind the same layers." }
        }
        ul {
            @for (layers, results) in all {
                li {
                    (count(results, "result", "results")) " behind " (layers.held_in_words())
                    @if !layers.missing.is_empty() {
                        "; missing: " (one_line(&layers.missing_in_words(), TEXT))
                    }
                }
            }
        }
    }
}

fn without_effect(line: &Line<'_>) -> Markup {
    let notes = &line.stored.notes;
    html! {
        div {
            dt { (link(line)) }
            dd {
                ul {
                    @for note in notes.iter().take(FILES) {
                        li { span class="code" { (name(&note.path)) } " " (note.why.in_words()) }
                    }
                    @if notes.len() > FILES { li { "and " (notes.len() - FILES) " more" } }
                }
            }
        }
    }
}

fn link(line: &Line<'_>) -> Markup {
    let student = &line.stored.submission.student;
    html! { a href=(format!("students/{}", file_name(student))) { (name(student)) } }
}

/// What is on the page, and no more.
fn legend(gradebook: &Gradebook<'_>) -> Markup {
    html! {
        ul class="legend" {
            @for verdict in all().filter(|verdict| occurs(gradebook, *verdict)) {
                @let look = look(verdict);
                li {
                    span class=(format!("cell {}", look.tone)) { (mark(verdict)) }
                    span { b { (look.words) } " " (look.meaning) }
                }
            }
        }
        p class="lead" {
            "The number beside a mark is the points. What does not pass earns a part of them: each test \
             function counts as one, and passes with all of its cases or not at all"
            @if *gradebook.scheme == Scheme::default() { "." } @else {
                ", within the groups of the scheme. A bonus comes on top of the points possible, as in 10+2."
            }
        }
    }
}
