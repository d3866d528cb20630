//! The matrix of students and exercises.

use maud::{Markup, html};

use super::html::{count, file_name, name, one_line};
use super::stylesheet::{look, mark};
use crate::grade::gradebook::{Cell, Gradebook, Line};
use crate::grade::points::Points;
use crate::verdict::Verdict;
use crate::workbook::curriculum::Exercise;

/// The most characters of a name that is shown while the pointer is on it.
const TEXT: usize = 300;

/// The widths of the matrix's columns, in hundredths of a rem: a student, an exercise, the sums.
const WIDTHS: (usize, usize, usize) = (1150, 360, 675);

/// The whole table.
pub(super) fn matrix(gradebook: &Gradebook<'_>) -> Markup {
    let students = gradebook.lines.len();
    let passes = |column: usize| {
        let cells = gradebook.lines.iter().map(move |line| verdict_of(&line.cells[column]));
        cells.filter(|verdict| *verdict == Some(Verdict::Passed)).count()
    };
    html! {
        table id="matrix" {
            thead {
                tr {
                    th scope="col" class="student" data-key="student" { span { "Student" } }
                    @for exercise in &gradebook.exercises { (heading(exercise)) }
                    th scope="col" class="sum" data-key="points" { span { "Points" } }
                    th scope="col" class="sum" data-key="passed" { span { "Pass" } }
                }
            }
            tbody { @for line in &gradebook.lines { (row(gradebook, line)) } }
            tfoot {
                tr {
                    th scope="row" { "Pass, of " (students) }
                    @for column in 0..gradebook.exercises.len() { td { (passes(column)) } }
                    td class="sum" {}
                    td class="sum" { (gradebook.lines.iter().map(Line::passed).sum::<usize>()) }
                }
                tr {
                    th scope="row" { "Points possible" }
                    @for exercise in &gradebook.exercises { td { (gradebook.worth(exercise)) } }
                    td class="sum" { (gradebook.worth_of_all()) }
                    td class="sum" { (gradebook.exercises.len()) }
                }
            }
        }
    }
}

fn heading(exercise: &Exercise) -> Markup {
    html! {
        th scope="col" class="exercise" data-key=(exercise.name) title=(exercise.title) {
            span { span class="upright" { (exercise.name) } " " span class="number" { (exercise.number) } }
        }
    }
}

fn row(gradebook: &Gradebook<'_>, line: &Line<'_>) -> Markup {
    let submission = &line.stored.submission;
    let href = format!("students/{}", file_name(&submission.student));
    let late = submission.days_late() as usize;
    let late = (late > 0).then(|| count(late, "day late", "days late"));
    let off = (line.late_percent > 0).then(|| format!("{} % off", line.late_percent));
    let bonus = (line.bonus() > Points::default()).then(|| format!("{} bonus", line.bonus()));
    let unreadable = line.stored.unreadable.as_ref().map(|_| "cannot be read".to_owned());
    let open = (line.open() > 0).then(|| format!("{} open", line.open()));
    let tags: Vec<String> =
        unreadable.into_iter().chain(open).chain(late).chain(off).chain(bonus).collect();
    html! {
        tr {
            th scope="row" class="student" {
                a href=(href) title=(one_line(&submission.student, TEXT)) { (name(&submission.student)) }
                @if !tags.is_empty() {
                    div { @for tag in tags { span class="tag" { (tag) } } }
                }
            }
            @for (exercise, cell) in gradebook.exercises.iter().zip(&line.cells) {
                (result(exercise, cell, &href))
            }
            td class="sum" data-value=(line.total()) { (line.total_in_words()) }
            td class="sum" data-value=(line.passed()) { (line.passed()) }
        }
    }
}

/// Mark and points; where there is more to read, a link to it.
fn result(exercise: &Exercise, cell: &Option<Cell<'_>>, href: &str) -> Markup {
    let verdict = verdict_of(cell);
    let look = look(verdict);
    let score = cell.as_ref().and_then(|cell| cell.score.as_ref());
    let points = score.map(|score| score.points.to_string());
    let inside = html! {
        (mark(verdict))
        span class="spoken" { (look.words) @if points.is_some() { ": " } }
        @match &points {
            Some(points) if verdict == Some(Verdict::NotStarted) => span class="spoken" { (points) },
            Some(points) => span { (points) },
            None => {}
        }
    };
    let class = format!("cell {}", look.tone);
    let value = points.as_deref().unwrap_or("-1");
    let has_more = !matches!(verdict, None | Some(Verdict::Passed | Verdict::NotStarted));
    html! {
        td data-value=(value) data-verdict=(look.name) title=(look.words) {
            @if has_more {
                a class=(class) href=(format!("{href}#{}", exercise.name)) { (inside) }
            } @else {
                span class=(class) { (inside) }
            }
        }
    }
}

/// Whether somebody has this verdict.
pub(super) fn occurs(gradebook: &Gradebook<'_>, verdict: Option<Verdict>) -> bool {
    gradebook.lines.iter().flat_map(|line| &line.cells).any(|cell| verdict_of(cell) == verdict)
}

fn verdict_of(cell: &Option<Cell<'_>>) -> Option<Verdict> {
    cell.as_ref().map(|cell| cell.result.judgement.verdict)
}

/// From this width on the whole matrix fits, and scrolls with the page instead of in its box.
pub(super) fn wide_enough(exercises: usize) -> String {
    let (student, exercise, sums) = WIDTHS;
    let width = student + exercise * exercises + sums + 250;
    format!(
        "@media screen and (min-width: {}.{:02}rem) {{ #students .box {{ overflow: visible; max-height: none; border: 0 }} }}\n\
         @media print {{ @page {{ size: A4 landscape }} }}\n",
        width / 100,
        width % 100
    )
}
