//! Gradescope: `results.json` of one student, a test for each exercise.

use serde::Serialize;
use serde_json::{Value, json};

use crate::grade::gradebook::{Cell, Gradebook, Line};
use crate::grade::hidden::HIDDEN;

use super::makes::{Makes, found, pretty};
use crate::report::Format;
use crate::report::ci::Found;
use crate::report::escape::{cut, line as in_one_line, shown, unique};

/// The most characters of what a learner reads about an exercise.
const OUTPUT: usize = 8000;

pub use crate::grade::scheme::Visibility;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "gradescope",
    help: "Gradescope's results.json, for each student",
    makes: Makes::ForEachStudent {
        file: "results.json",
        document: |gradebook, line, options| Ok(Some(results(gradebook, line, options.visibility))),
    },
};

#[derive(Serialize)]
struct Results {
    output: String,
    output_format: &'static str,
    test_output_format: &'static str,
    stdout_visibility: &'static str,
    tests: Vec<Test>,
    extra_data: Value,
}

#[derive(Serialize)]
struct Test {
    name: String,
    number: String,
    #[serde(flatten)]
    points: Option<Points>,
    output: String,
    visibility: Visibility,
    tags: Vec<String>,
    extra_data: Value,
}

/// Gradescope adds up what has points: what has not been judged has none.
#[derive(Serialize)]
struct Points {
    score: f64,
    max_score: f64,
    status: &'static str,
}

/// The file of one student.
///
/// The hidden groups of an exercise are a test of their own, of which no student sees more than the points,
/// and these only when the visibility of the groups allows it.
pub fn results(gradebook: &Gradebook<'_>, line: &Line<'_>, visibility: Visibility) -> String {
    let mut tests: Vec<Test> = found(gradebook, line)
        .zip(&line.cells)
        .flat_map(|(found, cell)| tests(gradebook, &found, cell.as_ref(), visibility))
        .collect();
    let names = unique(tests.iter().map(|test| test.name.clone()));
    tests.iter_mut().zip(names).for_each(|(test, name)| test.name = name);
    pretty(&Results {
        output: output(gradebook, line),
        output_format: "text",
        test_output_format: "text",
        stdout_visibility: "hidden",
        tests,
        extra_data: json!({ "student": shown(&line.stored.submission.student) }),
    })
}

/// An exercise's test, and one for what is hidden of it.
fn tests(
    gradebook: &Gradebook<'_>,
    found: &Found<'_>,
    cell: Option<&Cell<'_>>,
    visibility: Visibility,
) -> Vec<Test> {
    let exercise = found.exercise;
    let extra_data = json!({
        "exercise": exercise.name,
        "verdict": found.judgement.map(|judgement| judgement.verdict),
    });
    let mut test = Test {
        name: in_one_line(&format!("{}: {}", exercise.name, exercise.title)),
        number: exercise.number.to_string(),
        points: None,
        output: found.account(OUTPUT),
        visibility,
        tags: exercise.claims.clone(),
        extra_data,
    };
    let Some(score) = cell.and_then(|cell| cell.score.as_ref()) else { return vec![test] };
    let mut possible = gradebook.worth(exercise).possible;
    let mut points = score.points;
    let hidden = score.hidden.map(|hidden| {
        (points, possible) = (points - hidden.points, possible - hidden.worth.possible);
        let whole = hidden.worth.possible.hundredths() + hidden.worth.bonus.hundredths();
        Test {
            name: in_one_line(&format!("{}: {HIDDEN}", exercise.name)),
            points: Some(Points {
                score: hidden.points.as_f64(),
                max_score: hidden.worth.possible.as_f64(),
                status: if hidden.points.hundredths() >= whole { "passed" } else { "failed" },
            }),
            output: String::new(),
            visibility: hidden.visibility.max(visibility),
            tags: test.tags.clone(),
            extra_data: json!({ "exercise": exercise.name }),
            number: test.number.clone(),
        }
    });
    test.points = Some(Points {
        score: points.as_f64(),
        max_score: possible.as_f64(),
        status: if found.has_passed() { "passed" } else { "failed" },
    });
    std::iter::once(test).chain(hidden).collect()
}

/// What stands above the tests.
fn output(gradebook: &Gradebook<'_>, line: &Line<'_>) -> String {
    let mut text = format!("{} of {} exercises pass.", line.passed(), gradebook.exercises.len());
    if let Some(late) = line.lateness() {
        text.push_str(&format!("\n{late}."));
    }
    if let Some(why) = &line.stored.unreadable {
        text.push_str(&format!("\nThe submission cannot be read: {}.", shown(&cut(why, OUTPUT))));
    }
    if line.open() > 0 {
        text.push_str(&format!(
            "\nNot judged yet, and without points here: {} of them. The points are not final.",
            line.open()
        ));
    }
    for note in line.stored.notes.iter().take(20) {
        let path = in_one_line(&cut(&note.path, 200));
        text.push_str(&format!("\n{path} has no effect: it {}.", note.why.in_words()));
    }
    text
}
