//! Classroom 50's `result.json`, read as its schema has it (foundation50/classroom50,
//! schemas/result-v1.schema.json), and the value for GitHub Classroom's reporter, decoded by base64(1).

use std::io::Write;
use std::process::{Command, Stdio};

use checker::report::formats::classroom::{self, Environment};
use serde::Deserialize;

use crate::fixture::{Class, Graded, HOSTILE, assert_harmless};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(dead_code)]
struct Result50 {
    schema: String,
    classroom: String,
    assignment: String,
    #[serde(rename = "assignment_type")]
    assignment_type: AssignmentType,
    owner: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
    datetime: String,
    score: u32,
    max_score: u32,
    tests: Vec<Test50>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AssignmentType {
    Individual,
    Group,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Test50 {
    test_name: String,
    passed: bool,
    score: u32,
    max_score: u32,
}

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "CLASSROOM" => "os",
        "ASSIGNMENT" => "ex1",
        "MODE" => "individual",
        "USERNAME" => "bob",
        "SUBMISSION_TAG" => "submit/2026-06-01T14-32-05Z-a1b2c3d",
        "COMMIT_URL" => "https://example.org/commit/1",
        "RELEASE_URL" => "https://example.org/release/1",
        _ => return None,
    };
    Some(value.to_owned())
}

fn of_student<T>(class: Class, student: &str, document: impl Fn(&Graded, usize) -> T) -> T {
    let graded = Graded::new(class);
    let is_asked =
        |line: &checker::grade::gradebook::Line<'_>| line.stored.submission.student == student;
    let place = graded.gradebook().lines.iter().position(is_asked).unwrap();
    document(&graded, place)
}

#[test]
fn classroom_50_gets_integers_and_the_values_of_its_runner() {
    let values = Environment::from_variables(variable, classroom::utc(1_780_324_325)).unwrap();
    let text = of_student(Class::new(), "bob", |graded, place| {
        let gradebook = graded.gradebook();
        classroom::classroom50(&gradebook, &gradebook.lines[place], &values).unwrap()
    });
    let result: Result50 = serde_json::from_str(&text).unwrap();
    assert_eq!(result.schema, "classroom50/result/v1");
    assert_eq!((result.classroom.as_str(), result.assignment.as_str()), ("os", "ex1"));
    assert!(result.submission.starts_with("submit/"));
    assert_eq!(result.review, result.commit, "without a review it is the commit");
    assert_eq!(result.datetime, "2026-06-01T14:32:05Z");
    // 1.66 of 5 points: the part of a point is left out.
    assert_eq!((result.score, result.max_score), (1, 8));
    assert_eq!(result.tests.iter().map(|test| test.score).sum::<u32>(), result.score);
    let mutex = &result.tests[0];
    assert_eq!((mutex.test_name.as_str(), mutex.passed), ("2.1 mutex", false));
    assert_eq!((mutex.score, mutex.max_score), (1, 5));
}

#[test]
fn a_time_is_a_date_in_leap_years_too() {
    assert_eq!(classroom::utc(0), "1970-01-01T00:00:00Z");
    assert_eq!(classroom::utc(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(classroom::utc(1_709_251_199), "2024-02-29T23:59:59Z");
    assert_eq!(classroom::utc(4_107_542_400), "2100-03-01T00:00:00Z");
}

#[test]
fn outside_of_its_runner_the_missing_variables_are_named() {
    let without = |name: &str| variable(name).filter(|_| !name.ends_with("_URL"));
    let missing = Environment::from_variables(without, String::new()).unwrap_err();
    assert_eq!(missing, "COMMIT_URL, RELEASE_URL");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Legacy {
    version: u32,
    status: Status,
    max_score: f64,
    tests: Vec<LegacyTest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct LegacyTest {
    name: String,
    status: Status,
    score: f64,
    message: String,
    test_code: String,
    filename: String,
    line_no: u32,
    duration: f64,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pass,
    Fail,
    Error,
}

fn legacy(class: Class, student: &str) -> Legacy {
    let text = of_student(class, student, |graded, place| {
        let gradebook = graded.gradebook();
        classroom::legacy(&gradebook, &gradebook.lines[place]).unwrap()
    });
    assert_eq!(text.lines().count(), 1, "it is the value of a variable");
    assert!(text.len() < 128 << 10, "execve(2) takes no longer one");
    let mut command = Command::new("base64");
    let piped = command.arg("--decode").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut base64 = piped.spawn().unwrap();
    let mut stdin = base64.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = base64.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let legacy: Legacy = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(legacy.version, 1);
    legacy.tests.iter().for_each(|test| assert_harmless(&test.message));
    legacy
}

#[test]
fn the_reporter_of_github_classroom_gets_points_and_the_place() {
    let bob = legacy(Class::new(), "bob");
    assert_eq!((bob.status, bob.max_score), (Status::Fail, 8.0));
    let mutex = &bob.tests[0];
    assert_eq!((mutex.score, mutex.line_no), (1.66, 25));
    assert_eq!(mutex.status, Status::Fail);
    assert_eq!(mutex.filename, "exercises/02_locks/01_mutex/src/lib.rs");
    assert!(mutex.message.contains("expected: one"));
    assert_eq!(legacy(Class::new(), "ada").status, Status::Pass);
}

#[test]
fn who_is_not_judged_completely_gets_neither_file() {
    let values = Environment::from_variables(variable, classroom::utc(0)).unwrap();
    for student in [crate::fixture::FORMULA, "hal", "ida"] {
        of_student(Class::new(), student, |graded, place| {
            let gradebook = graded.gradebook();
            let line = &gradebook.lines[place];
            assert_eq!(classroom::classroom50(&gradebook, line, &values), None, "{student}");
            assert_eq!(classroom::legacy(&gradebook, line), None, "{student}");
        });
    }
}

#[test]
fn hostile_and_endless_messages_fit_in_a_variable() {
    assert!(legacy(Class::new(), HOSTILE).tests[0].message.contains("<script>"));
    assert!(legacy(Class::endless(), "bob").tests[0].message.contains("characters more"));
}
