//! Gradescope: `results.json` of one student, a test for each exercise.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::grade::gradebook::{Gradebook, Line};

use super::escape::{cut, line as in_one_line, shown, unique};
use super::pretty;

/// The most characters of what a learner reads about an exercise.
const OUTPUT: usize = 8000;

/// Who sees a test, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Visibility {
    /// Students, at once
    #[default]
    Visible,
    /// Nobody but instructors; it hides the total, too
    Hidden,
    /// Students, after the due date
    AfterDueDate,
    /// Students, once the grades are published
    AfterPublished,
}

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
    score: f64,
    max_score: u32,
    status: &'static str,
    output: String,
    visibility: Visibility,
    tags: Vec<String>,
    extra_data: Value,
}

/// The file of one student; what has not been judged yet scores 0 and says so.
pub fn results(gradebook: &Gradebook<'_>, line: &Line<'_>, visibility: Visibility) -> String {
    let found = || gradebook.found(line);
    let titles =
        unique(found().map(|found| {
            in_one_line(&format!("{}: {}", found.exercise.name, found.exercise.title))
        }));
    let tests = found().zip(&line.cells).zip(titles).map(|((found, cell), name)| Test {
        name,
        number: found.exercise.number.to_string(),
        score: cell.as_ref().map_or(0.0, |cell| cell.points.as_f64()),
        max_score: found.exercise.points,
        status: if found.has_passed() { "passed" } else { "failed" },
        output: found.account(OUTPUT),
        visibility,
        tags: found.exercise.claims.clone(),
        extra_data: json!({
            "exercise": found.exercise.name,
            "verdict": found.judgement.map(|judgement| judgement.verdict),
        }),
    });
    pretty(&Results {
        output: output(gradebook, line),
        output_format: "text",
        test_output_format: "text",
        stdout_visibility: "hidden",
        tests: tests.collect(),
        extra_data: json!({ "student": shown(&line.stored.submission.student) }),
    })
}

/// What stands above the tests.
fn output(gradebook: &Gradebook<'_>, line: &Line<'_>) -> String {
    let mut text = format!("{} of {} exercises pass.", line.passed(), gradebook.exercises.len());
    if let Some(why) = &line.stored.unreadable {
        text.push_str(&format!("\nThe submission cannot be read: {}.", shown(&cut(why, OUTPUT))));
    }
    if line.open() > 0 {
        text.push_str(&format!("\nThe grading was cut short: {} are not judged yet.", line.open()));
    }
    for note in line.stored.notes.iter().take(20) {
        let path = in_one_line(&cut(&note.path, 200));
        text.push_str(&format!("\n{path} has no effect: it {}.", note.why.in_words()));
    }
    text
}
