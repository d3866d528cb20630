//! Classroom 50's `result.json`, and what the reporter of GitHub Classroom reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::grade::gradebook::{Gradebook, Line};
use crate::workbook::curriculum::Exercise;

use super::escape::{cut, line as in_one_line, shown, unique};
use super::{Found, pretty};

/// What Classroom 50's runner tells a grader by environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `CLASSROOM`
    pub classroom: String,
    /// `ASSIGNMENT`
    pub assignment: String,
    /// `MODE`: `individual` or `group`; the runner sets it in the result, too.
    pub mode: Option<String>,
    /// `USERNAME`: the owner of the repository; the runner sets it in the result, too.
    pub owner: Option<String>,
    /// `SUBMISSION_TAG`
    pub submission: String,
    /// `COMMIT_URL`
    pub commit: String,
    /// `RELEASE_URL`
    pub release: String,
    /// `REVIEW_URL`; without it the commit.
    pub review: Option<String>,
    /// Now, as `2026-06-01T14:32:01Z`.
    pub datetime: String,
}

impl Environment {
    /// Takes the values from variables; an error names those that are missing.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        datetime: String,
    ) -> Result<Self, String> {
        let mut missing = Vec::new();
        let optional = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut required = |name: &'static str| {
            optional(name).unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let environment = Self {
            classroom: required("CLASSROOM"),
            assignment: required("ASSIGNMENT"),
            submission: required("SUBMISSION_TAG"),
            commit: required("COMMIT_URL"),
            release: required("RELEASE_URL"),
            mode: optional("MODE"),
            owner: optional("USERNAME"),
            review: optional("REVIEW_URL"),
            datetime,
        };
        if missing.is_empty() { Ok(environment) } else { Err(missing.join(", ")) }
    }
}

/// Seconds since 1970 as `2026-06-01T14:32:01Z`.
pub fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March, so that the leap day is the last; an era has 400 of them.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Classroom50<'a> {
    schema: &'static str,
    classroom: &'a str,
    assignment: &'a str,
    #[serde(rename = "assignment_type", skip_serializing_if = "Option::is_none")]
    assignment_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    submission: &'a str,
    commit: &'a str,
    release: &'a str,
    review: &'a str,
    datetime: &'a str,
    score: u64,
    max_score: u64,
    tests: Vec<Test50>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Test50 {
    test_name: String,
    passed: bool,
    score: u64,
    max_score: u64,
}

/// Classroom 50's `result.json`: a test for each exercise. Its scores are integers, so parts of a point
/// are left out; and none may be above its maximum, so a bonus is a part of that.
///
/// `None` while an exercise is open: the format has a score for each, and 0 would be one.
pub fn classroom50(
    gradebook: &Gradebook<'_>,
    line: &Line<'_>,
    values: &Environment,
) -> Option<String> {
    let tests: Vec<Test50> = tests(gradebook, line)?
        .into_iter()
        .map(|test| Test50 {
            test_name: test.name,
            passed: test.found.has_passed(),
            score: test.hundredths / 100,
            max_score: test.possible,
        })
        .collect();
    Some(pretty(&Classroom50 {
        schema: "classroom50/result/v1",
        classroom: &values.classroom,
        assignment: &values.assignment,
        assignment_type: values.mode.as_deref(),
        owner: values.owner.as_deref(),
        submission: &values.submission,
        commit: &values.commit,
        release: &values.release,
        review: values.review.as_deref().unwrap_or(&values.commit),
        datetime: &values.datetime,
        score: tests.iter().map(|test| test.score).sum(),
        max_score: tests.iter().map(|test| test.max_score).sum(),
        tests,
    }))
}

#[derive(Serialize)]
struct Legacy {
    version: u32,
    status: &'static str,
    max_score: u64,
    tests: Vec<LegacyTest>,
}

#[derive(Serialize)]
struct LegacyTest {
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
pub fn legacy(gradebook: &Gradebook<'_>, line: &Line<'_>) -> Option<String> {
    let mut encoded = String::new();
    for limit in MESSAGES {
        let json = serde_json::to_string(&legacy_results(gradebook, line, limit)?);
        encoded = STANDARD.encode(json.expect("a report is plain data"));
        if encoded.len() < VARIABLE {
            break;
        }
    }
    encoded.push('\n');
    Some(encoded)
}

fn legacy_results(gradebook: &Gradebook<'_>, line: &Line<'_>, limit: usize) -> Option<Legacy> {
    let tests = tests(gradebook, line)?.into_iter().map(|test| {
        let judgement = test.found.judgement;
        let first = judgement.and_then(|judgement| judgement.first_unpassed());
        let place = first.and_then(|it| it.place.as_ref());
        let place = place.or(judgement.and_then(|it| it.place.as_ref()));
        LegacyTest {
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
    let tests: Vec<LegacyTest> = tests.collect();
    let all_pass = tests.iter().all(|test| test.status == "pass");
    Some(Legacy {
        version: 1,
        status: if all_pass { "pass" } else { "fail" },
        max_score: gradebook.maximum().hundredths() / 100,
        tests,
    })
}

/// An exercise, as a test with a score.
struct Scored<'a> {
    name: String,
    found: Found<'a>,
    hundredths: u64,
    /// Bonus included, in whole points.
    possible: u64,
}

/// All exercises, or `None` if one of them has no score.
fn tests<'a>(gradebook: &'a Gradebook<'a>, line: &'a Line<'a>) -> Option<Vec<Scored<'a>>> {
    let found = || gradebook.found(line);
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
