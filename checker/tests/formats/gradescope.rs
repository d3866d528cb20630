//! Gradescope's `results.json`, read as its documentation has it: nothing unknown, nothing of another type.

use std::collections::BTreeSet;

use checker::report::formats::gradescope::{self, Visibility};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fixture::{Class, Graded, HOSTILE, assert_harmless};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Results {
    score: Option<f64>,
    execution_time: Option<f64>,
    output: Option<String>,
    output_format: Option<Markup>,
    test_output_format: Option<Markup>,
    test_name_format: Option<Markup>,
    visibility: Option<Seen>,
    stdout_visibility: Option<Seen>,
    extra_data: Option<Map<String, Value>>,
    tests: Vec<Test>,
    leaderboard: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Test {
    score: Option<f64>,
    max_score: Option<f64>,
    status: Option<Status>,
    name: String,
    name_format: Option<Markup>,
    number: Option<String>,
    output: String,
    output_format: Option<Markup>,
    tags: Option<Vec<String>>,
    visibility: Option<Seen>,
    extra_data: Option<Map<String, Value>>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "snake_case")]
enum Status {
    Passed,
    Failed,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Markup {
    Text,
    Html,
    SimpleFormat,
    Md,
    Ansi,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "snake_case")]
enum Seen {
    Hidden,
    AfterDueDate,
    AfterPublished,
    Visible,
}

fn results(class: Class, student: &str) -> Results {
    let graded = Graded::new(class);
    let gradebook = graded.gradebook();
    let is_asked =
        |line: &&checker::grade::gradebook::Line<'_>| line.stored.submission.student == student;
    let line = gradebook.lines.iter().find(is_asked).unwrap();
    let text = gradescope::results(&gradebook, line, Visibility::AfterDueDate);
    let results: Results = serde_json::from_str(&text).unwrap();
    let names: BTreeSet<&str> = results.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names.len(), results.tests.len(), "names are unique");
    let total: f64 = results.tests.iter().filter_map(|test| test.score).sum();
    assert_eq!(total, line.total().as_f64());
    for test in &results.tests {
        assert!(test.score <= test.max_score);
        assert_harmless(&test.output);
        assert_harmless(&test.name);
    }
    assert_harmless(results.output.as_deref().unwrap());
    results
}

#[test]
fn a_test_for_each_exercise_with_its_points() {
    let results = results(Class::new(), "bob");
    let [mutex, semaphore] = &results.tests[..] else { panic!("two exercises") };
    assert_eq!(
        (mutex.name.as_str(), mutex.number.as_deref()),
        ("mutex: A lock on the door", Some("2.1"))
    );
    assert_eq!((mutex.score, mutex.max_score), (Some(1.66), Some(5.0)));
    assert_eq!(mutex.status, Some(Status::Failed));
    assert!(
        mutex.output.contains("one_thread_at_a_time\nexpected: one\nseen:     two"),
        "{}",
        mutex.output
    );
    assert_eq!((semaphore.score, semaphore.output.as_str()), (Some(0.0), "not started"));
    assert_eq!(mutex.visibility, Some(Seen::AfterDueDate));
    let note = "exercises/␛x.rs has no effect: it is not part of the exercise.";
    assert!(results.output.unwrap().contains(note));
}

#[test]
fn forged_tests_score_nothing_and_say_why() {
    let eve = results(Class::new(), "eve");
    assert_eq!(eve.tests[1].score, Some(0.0));
    assert!(eve.tests[1].output.starts_with("forged"), "{}", eve.tests[1].output);
    assert!(eve.tests[0].output.contains("mismatched types"));
}

#[test]
fn an_unreadable_submission_and_a_grading_cut_short_have_files_too() {
    let gus = results(Class::new(), "gus").output.unwrap();
    assert!(gus.contains("cannot be read: it is none of zip"), "{gus}");
    let zoe = results(Class::new(), crate::fixture::FORMULA);
    assert!(zoe.output.unwrap().contains("Not judged yet, and without points here: 1 of them."));
    assert!(zoe.tests[1].score.is_none() && zoe.tests[1].max_score.is_none());
    assert_eq!(zoe.tests[1].output, "not judged yet");
}

#[test]
fn hostile_text_is_text_and_thirty_megabytes_are_cut() {
    let hostile = results(Class::new(), HOSTILE);
    assert!(hostile.tests[0].output.contains("<script>alert(1)</script>\u{fffd}live"));
    let endless = results(Class::endless(), "bob");
    let output = &endless.tests[0].output;
    assert!(output.len() < 40_000 && output.contains("characters more"), "{}", output.len());
}
