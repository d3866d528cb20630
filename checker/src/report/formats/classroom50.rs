//! Classroom 50's `result.json`.

use serde::Serialize;

use crate::Error;
use crate::grade::gradebook::{Gradebook, Line};

use super::classroom::tests;
use super::makes::{Makes, pretty};
use crate::report::Format;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "classroom50",
    help: "Classroom 50's result.json, for each student; values from the environment",
    makes: Makes::ForEachStudent {
        file: "result.json",
        document: |gradebook, line, options| {
            let values = Environment::from_variables(options.variable, utc(options.now));
            Ok(result(gradebook, line, &values.map_err(not_set)?))
        },
    },
};

fn not_set(missing: String) -> Error {
    Error::Refused(format!(
        "classroom50: its runner tells the grader by variables, and these are not set: {missing}"
    ))
}

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
struct Results<'a> {
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
    tests: Vec<Test>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Test {
    test_name: String,
    passed: bool,
    score: u64,
    max_score: u64,
}

/// Classroom 50's `result.json`: a test for each exercise. Its scores are integers, so parts of a point
/// are left out; and none may be above its maximum, so a bonus is a part of that.
///
/// `None` while an exercise is open: the format has a score for each, and 0 would be one.
pub fn result(gradebook: &Gradebook<'_>, line: &Line<'_>, values: &Environment) -> Option<String> {
    let tests: Vec<Test> = tests(gradebook, line)?
        .into_iter()
        .map(|test| Test {
            test_name: test.name,
            passed: test.found.has_passed(),
            score: test.hundredths / 100,
            max_score: test.possible,
        })
        .collect();
    Some(pretty(&Results {
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
