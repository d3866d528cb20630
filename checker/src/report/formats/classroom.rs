//! What the reporter of GitHub Classroom reads, and exercises as tests with scores.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::grade::gradebook::{Gradebook, Line};
use crate::report::ci::Found;
use crate::report::escape::{cut, line as in_one_line, shown, unique};
use crate::workbook::curriculum::Exercise;

use super::makes::{Makes, found};
use crate::report::Format;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "classroom",
    help: "what GitHub Classroom's reporter reads, base64, for each student",
    makes: Makes::ForEachStudent {
        file: "results.base64",
        document: |gradebook, line, _| Ok(results(gradebook, line)),
    },
};

#[derive(Serialize)]
struct Results {
    version: u32,
    status: &'static str,
    max_score: u64,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    name: String,
    status: &'static str,
    score: f64,
    message: String,
    test_code: String,
    filename: String,
    line_no: u32,
    duration: u32,
}

/// It is handed over in an environment variable, and execve(2) takes 128 KiB for one.
const VARIABLE: usize = 120_000;

/// How many characters of a message are kept: the first of these with which it all fits.
const MESSAGES: [usize; 4] = [4000, 1000, 100, 0];

/// What GitHub Classroom's reporter reads from `<STEP>_RESULTS`: base64 of JSON, in one line.
///
/// `None` while an exercise is open: the reporter adds up the scores, and 0 would be one.
pub fn results(gradebook: &Gradebook<'_>, line: &Line<'_>) -> Option<String> {
    let mut encoded = String::new();
    for limit in MESSAGES {
        let json = serde_json::to_string(&with_messages(gradebook, line, limit)?);
        encoded = STANDARD.encode(json.expect("a report is plain data"));
        if encoded.len() < VARIABLE {
            break;
        }
    }
    encoded.push('\n');
    Some(encoded)
}

fn with_messages(gradebook: &Gradebook<'_>, line: &Line<'_>, limit: usize) -> Option<Results> {
    let tests = tests(gradebook, line)?.into_iter().map(|test| {
        let judgement = test.found.judgement;
        let first = judgement.and_then(|judgement| judgement.first_unpassed());
        let place = first.and_then(|it| it.place.as_ref());
        let place = place.or(judgement.and_then(|it| it.place.as_ref()));
        Test {
            name: test.name,
            status: if test.found.has_passed() { "pass" } else { "fail" },
            score: test.hundredths as f64 / 100.0,
            message: if test.found.has_passed() {
                String::new()
            } else {
                test.found.account(limit)
            },
            test_code: first.map_or(String::new(), |test| in_one_line(&cut(&test.name, limit))),
            filename: place.map_or(String::new(), |place| shown(&place.file.to_string_lossy())),
            line_no: place.map_or(0, |place| place.line),
            duration: 0,
        }
    });
    let tests: Vec<Test> = tests.collect();
    let all_pass = tests.iter().all(|test| test.status == "pass");
    Some(Results {
        version: 1,
        status: if all_pass { "pass" } else { "fail" },
        max_score: gradebook.maximum().hundredths() / 100,
        tests,
    })
}

/// An exercise, as a test with a score.
pub(super) struct Scored<'a> {
    pub name: String,
    pub found: Found<'a>,
    pub hundredths: u64,
    /// Bonus included, in whole points.
    pub possible: u64,
}

/// All exercises, or `None` if one of them has no score.
pub(super) fn tests<'a>(
    gradebook: &'a Gradebook<'a>,
    line: &'a Line<'a>,
) -> Option<Vec<Scored<'a>>> {
    let found = || found(gradebook, line);
    let title = |found: Found<'_>| format!("{} {}", found.exercise.number, found.exercise.name);
    let names = unique(found().map(|found| in_one_line(&title(found))));
    let scored = found().zip(&line.cells).zip(names).map(|((found, cell), name)| {
        Some(Scored {
            name,
            found,
            hundredths: cell.as_ref()?.score.as_ref()?.points.hundredths(),
            possible: possible(gradebook, found.exercise),
        })
    });
    scored.collect()
}

fn possible(gradebook: &Gradebook<'_>, exercise: &Exercise) -> u64 {
    let worth = gradebook.worth(exercise);
    (worth.possible.hundredths() + worth.bonus.hundredths()) / 100
}
