//! JUnit: read by another XML parser (roxmltree), by the rules that GitLab, Jenkins and Artemis have.

use std::collections::BTreeSet;

use checker::report::ci::junit;
use roxmltree::{Document, Node};

use crate::fixture::{Class, assert_harmless, exercises};

fn document(class: &Class) -> String {
    let text = junit::document("Shopfloor", &class.sheets(&exercises()));
    assert_harmless(&text);
    assert!(text.len() < junit::SIZE, "GitLab takes less than 30 MB, this is {}", text.len());
    check_structure(&Document::parse(&text).unwrap());
    text
}

/// The rules that hold for every document.
fn check_structure(document: &Document<'_>) {
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let mut seen = BTreeSet::new();
    for suite in root.children().filter(Node::is_element) {
        assert_eq!(suite.tag_name().name(), "testsuite");
        let cases: Vec<Node<'_, '_>> = suite.children().filter(Node::is_element).collect();
        assert!(!cases.is_empty(), "an exercise without a case would look as if it passed");
        let count = |tag: &str| {
            let has = |case: &&Node<'_, '_>| case.children().any(|it| it.has_tag_name(tag));
            cases.iter().filter(has).count().to_string()
        };
        assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
        assert_eq!(suite.attribute("failures"), Some(count("failure").as_str()));
        assert_eq!(suite.attribute("errors"), Some(count("error").as_str()));
        for case in cases {
            assert_eq!(case.tag_name().name(), "testcase");
            let name = (case.attribute("classname").unwrap(), case.attribute("name").unwrap());
            assert!(seen.insert((name.0.to_owned(), name.1.to_owned())), "{name:?} occurs twice");
            assert!(case.attribute("file").unwrap().starts_with("exercises/"));
            let states: Vec<Node<'_, '_>> = case.children().filter(Node::is_element).collect();
            assert!(states.len() <= 1, "Jenkins shows one of failure and error");
            for state in states {
                assert!(["failure", "error", "skipped"].contains(&state.tag_name().name()));
                let text = state.text().unwrap_or_default();
                assert!(text.chars().count() < 20_000, "Artemis takes 20,000 characters");
            }
        }
    }
}

/// The states of a suite's cases: `name: state type`.
fn states(text: &str, suite: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    let suite = document.descendants().find(|it| it.attribute("name") == Some(suite));
    let cases = suite.unwrap().children().filter(Node::is_element);
    cases
        .map(|case| {
            let state = case.children().find(Node::is_element);
            let state = state.map_or("passed".to_owned(), |state| {
                let kind = state.attribute("type").unwrap_or_default();
                format!("{} {kind}", state.tag_name().name())
            });
            format!("{}: {}", case.attribute("name").unwrap(), state.trim())
        })
        .collect()
}

#[test]
fn each_exercise_is_a_suite_and_each_test_a_case() {
    let text = document(&Class::new());
    assert_eq!(states(&text, "ada: mutex"), ["it_is_a_lock: passed"]);
    assert_eq!(
        states(&text, "bob: mutex"),
        [
            "it_is_a_lock: passed",
            "one_thread_at_a_time: failure failed",
            "one_thread_at_a_time (2): error timed_out",
            "later: skipped",
        ]
    );
}

#[test]
fn the_names_of_one_student_are_the_same_for_every_student() {
    let (exercises, class) = (exercises(), Class::new());
    let text = junit::document("Shopfloor", &class.sheets(&exercises)[1..2]);
    assert_eq!(states(&text, "mutex")[0], "it_is_a_lock: passed");
}

#[test]
fn what_no_test_says_is_a_case_of_its_own() {
    let text = document(&Class::new());
    assert_eq!(states(&text, "eve: mutex"), ["it can be judged: error does_not_compile"]);
    assert_eq!(
        states(&text, "eve: semaphore"),
        ["it can be judged: error forged", "it_is_a_lock: passed"]
    );
    assert_eq!(states(&text, "bob: semaphore"), ["it can be judged: skipped"]);
    assert_eq!(states(&text, "=Zoë \"Zed\", Müller: semaphore"), ["it is judged: skipped"]);
}

#[test]
fn the_first_line_is_the_message_and_all_of_it_the_text() {
    let text = document(&Class::new());
    let document = Document::parse(&text).unwrap();
    let failure = document.descendants().find(|it| it.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("message"), Some("expected: one"));
    let place = "exercises/02_locks/01_mutex/src/lib.rs:25:5";
    let whole = format!("expected: one\nseen:     two\nat {place}");
    assert_eq!(failure.text().map(str::trim), Some(whole.as_str()));
}

#[test]
fn a_hostile_message_stays_in_its_element() {
    let text = document(&Class::new());
    let document = Document::parse(&text).unwrap();
    let is_hostile = |node: &Node<'_, '_>| node.text().is_some_and(|it| it.contains("=cmd()"));
    let element = document.descendants().find(is_hostile).unwrap();
    let said = element.text().unwrap();
    assert!(said.contains("]]>␀␛[31m\n::error::forged"), "{said}");
    assert!(said.contains("<script>alert(1)</script>\u{fffd}live␍\n"), "{said}");
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
}

#[test]
fn thirty_megabytes_in_each_message_are_still_a_file_that_gitlab_takes() {
    document(&Class::endless());
    let exercises = exercises();
    let class = Class::endless();
    let sheets: Vec<_> = (0..3).flat_map(|_| class.sheets(&exercises)).collect();
    let text = junit::document("Shopfloor", &sheets);
    check_structure(&Document::parse(&text).unwrap());
}
