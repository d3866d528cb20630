//! Everything that is known, as one JSON document; `docs/report.schema.json` describes it.

use serde::Serialize;

use crate::evidence::Evidence;
use crate::flags::Kind;
use crate::grade::gradebook::{Cell, Gradebook, Line};
use crate::grade::scheme::Visibility;
use crate::grade::score::{Counted, Worth};
use crate::grade::store::Layers;
use crate::grade::taken::Why;
use crate::verdict::{Outcome, Place, TestResult, Verdict};

use super::makes::{Makes, pretty};
use crate::report::Format;
use crate::report::escape::shown;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "json",
    help: "everything in one document",
    makes: Makes::Document(|gradebook, options| document(&options.curriculum.title, gradebook)),
};

/// The number of the layout: another one is another document.
const LAYOUT: &str = "shopfloor/report/v4";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    title: &'a str,
    points_possible: f64,
    bonus_possible: f64,
    isolation: Vec<Isolation>,
    exercises: Vec<Exercise<'a>>,
    students: Vec<Student>,
}

#[derive(Serialize)]
struct Exercise<'a> {
    number: String,
    name: &'a str,
    directory: &'a str,
    title: &'a str,
    claims: &'a [String],
    points: f64,
    bonus: f64,
}

#[derive(Serialize)]
struct Isolation {
    results: usize,
    held: Vec<&'static str>,
    missing: Vec<Missing>,
}

#[derive(Serialize)]
struct Missing {
    layer: &'static str,
    why: String,
}

#[derive(Serialize)]
struct Student {
    student: String,
    origin: String,
    days_late: u32,
    late_percent: u32,
    unreadable: Option<String>,
    no_effect: Vec<Note>,
    remarks: Vec<String>,
    points: Option<f64>,
    bonus: Option<f64>,
    passed: usize,
    open: usize,
    results: Vec<Graded>,
}

#[derive(Serialize)]
struct Note {
    path: String,
    why: Why,
}

#[derive(Serialize)]
struct Graded {
    exercise: String,
    hash: String,
    /// What tests drew from, if it was chosen.
    seed: Option<u32>,
    /// The hash of the private tests.
    private_tests: Option<String>,
    verdict: Verdict,
    /// `None`: the result is open.
    points: Option<f64>,
    bonus: Option<f64>,
    in_time: Option<f64>,
    groups: Vec<Group>,
    flags: Vec<Flag>,
    alike: Vec<String>,
    message: Option<String>,
    evidence: Option<Evidence>,
    place: Option<At>,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Group {
    name: String,
    passed: usize,
    of: usize,
    points: f64,
    possible: f64,
    bonus_possible: f64,
    visibility: Visibility,
}

#[derive(Serialize)]
struct Flag {
    kind: Kind,
    file: String,
    line: u32,
    what: String,
    why: &'static str,
}

#[derive(Serialize)]
struct Test {
    name: String,
    target: String,
    outcome: Outcome,
    message: Option<String>,
    evidence: Option<Evidence>,
    place: Option<At>,
}

#[derive(Serialize)]
struct At {
    file: String,
    line: u32,
    column: Option<u32>,
}

pub fn document(title: &str, gradebook: &Gradebook<'_>) -> String {
    pretty(&Report {
        schema: LAYOUT,
        title,
        points_possible: gradebook.maximum().as_f64(),
        bonus_possible: gradebook.worth_of_all().bonus.as_f64(),
        isolation: gradebook.isolation().into_iter().map(from_layers).collect(),
        exercises: (gradebook.exercises.iter())
            .map(|exercise| from_exercise(exercise, gradebook.worth(exercise)))
            .collect(),
        students: gradebook.lines.iter().map(from_line).collect(),
    })
}

fn from_layers((layers, results): (&Layers, usize)) -> Isolation {
    let missing = layers.missing.iter();
    Isolation {
        results,
        held: layers.held.iter().map(|layer| layer.name()).collect(),
        missing: missing
            .map(|(layer, why)| Missing { layer: layer.name(), why: shown(why) })
            .collect(),
    }
}

fn from_exercise(exercise: &crate::workbook::curriculum::Exercise, worth: Worth) -> Exercise<'_> {
    Exercise {
        number: exercise.number.to_string(),
        name: &exercise.name,
        directory: &exercise.directory,
        title: &exercise.title,
        claims: &exercise.claims,
        points: worth.possible.as_f64(),
        bonus: worth.bonus.as_f64(),
    }
}

fn from_line(line: &Line<'_>) -> Student {
    let submission = &line.stored.submission;
    let note = |note: &crate::grade::taken::Note| Note { path: shown(&note.path), why: note.why };
    Student {
        student: shown(&submission.student),
        origin: shown(&submission.origin.to_string_lossy()),
        days_late: submission.days_late(),
        late_percent: line.late_percent,
        unreadable: line.stored.unreadable.as_deref().map(shown),
        no_effect: line.stored.notes.iter().map(note).collect(),
        remarks: line.stored.remarks.iter().map(|remark| shown(&remark.to_string())).collect(),
        points: line.has_points().then(|| line.total().as_f64()),
        bonus: line.has_points().then(|| line.bonus().as_f64()),
        passed: line.passed(),
        open: line.open(),
        results: line.cells.iter().flatten().map(from_cell).collect(),
    }
}

fn from_cell(cell: &Cell<'_>) -> Graded {
    let judgement = &cell.result.judgement;
    let score = cell.score.as_ref();
    Graded {
        exercise: cell.result.exercise.clone(),
        hash: cell.result.hash.clone(),
        seed: cell.result.conditions.seed,
        private_tests: cell.result.conditions.private.clone(),
        verdict: judgement.verdict,
        points: score.map(|score| score.points.as_f64()),
        bonus: score.map(|score| score.bonus.as_f64()),
        in_time: score.map(|score| score.in_time.as_f64()),
        groups: score.map_or(Vec::new(), |score| score.groups.iter().map(from_group).collect()),
        flags: cell.result.flags.iter().map(from_flag).collect(),
        alike: cell.alike.iter().map(|student| shown(student)).collect(),
        message: judgement.message().map(|it| shown(&it)),
        evidence: judgement.evidence.as_ref().map(|it| it.with_texts(&shown)),
        place: judgement.place.as_ref().map(at),
        tests: judgement.tests.iter().map(from_test).collect(),
    }
}

fn from_group(group: &Counted) -> Group {
    Group {
        name: shown(&group.name),
        passed: group.passed,
        of: group.of,
        points: group.points.as_f64(),
        possible: group.worth.possible.as_f64(),
        bonus_possible: group.worth.bonus.as_f64(),
        visibility: group.visibility,
    }
}

fn from_flag(flag: &crate::flags::Flag) -> Flag {
    Flag {
        kind: flag.kind,
        file: shown(&flag.file),
        line: flag.line,
        what: shown(&flag.what),
        why: flag.kind.why(),
    }
}

fn from_test(test: &TestResult) -> Test {
    Test {
        name: shown(&test.name),
        target: shown(&test.target),
        outcome: test.outcome,
        message: test.message().map(|it| shown(&it)),
        evidence: test.evidence.as_ref().map(|it| it.with_texts(&shown)),
        place: test.place.as_ref().map(at),
    }
}

fn at(place: &Place) -> At {
    let file = shown(&place.file.to_string_lossy());
    At { file, line: place.line, column: place.column }
}
