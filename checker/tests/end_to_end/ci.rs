//! `checker check` as CI reads it.

use std::fs;

use crate::miniature::{ANSWER, Finished, Miniature, NEXT};

/// A learner's file whose panic speaks to GitHub's runner.
const SPEAKS: &str = r##"
//! Speaks to the runner.

/// The answer.
pub fn answer() -> u32 {
    println!("::error::from the output");
    panic!("\n::error::from the panic\n##[error]in the old way\n<script>alert(1)</script>")
}
"##;

fn on_github(miniature: &Miniature, arguments: &[&str]) -> (Finished, String) {
    let summary = miniature.root().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let mut command = miniature.command(&[arguments, &["--format", "github"]].concat());
    let finished = Finished::of(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    (finished, fs::read_to_string(summary).unwrap())
}

/// The lines outside of the guard.
fn unguarded(log: &str) -> Vec<&str> {
    let mut lines = log.lines();
    let token = lines.next().unwrap().strip_prefix("::stop-commands::").unwrap();
    assert!(token.len() >= 32, "nobody guesses it: {token}");
    let end = format!("::{token}::");
    assert_eq!(log.matches(&end).count(), 1);
    lines.skip_while(|line| **line != end).skip(1).collect()
}

#[test]
fn what_a_program_prints_is_guarded_and_its_failure_annotated() {
    let miniature = Miniature::new();
    miniature.write(ANSWER, SPEAKS);
    let (finished, summary) = on_github(&miniature, &["check"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stdout.contains("0 of 2 pass"), "a person reads it, too: {finished:?}");
    let unguarded = unguarded(&finished.stdout);
    assert_eq!(unguarded.len(), 1, "two tests fail at one place for one reason: {unguarded:?}");
    for line in unguarded {
        assert!(
            line.starts_with("::error file=exercises/01_part/01_answer/src/lib.rs,line="),
            "{line}"
        );
        assert!(line.contains("title=1.1 answer%3A"), "{line}");
    }
    assert!(summary.starts_with("before\n## Miniature: 0 of 2 pass"), "{summary}");
    assert!(summary.contains("```text") && summary.contains("from the panic"), "{summary}");
    let again = on_github(&miniature, &["check"]).0;
    let token = |finished: &Finished| finished.stdout.lines().next().unwrap().to_owned();
    assert_ne!(token(&finished), token(&again), "a token is used once");
}

#[test]
fn every_annotation_lies_on_a_line_of_the_learners() {
    let miniature = Miniature::with_answer("wrong_answer");
    miniature.write(NEXT, "pub fn next() -> u32 {\n    45\n}\n");
    let (finished, _) = on_github(&miniature, &["check"]);
    let unguarded = unguarded(&finished.stdout);
    assert_eq!(unguarded.len(), 3, "1.1 fails one test, 1.2 two: {unguarded:?}");
    for line in unguarded {
        let is_on = |file: &str| line.starts_with(&format!("::error file={file},line="));
        assert!(is_on(ANSWER) || is_on(NEXT), "{line}");
    }
}

#[test]
fn a_pass_is_annotated_nowhere_and_exits_with_0() {
    let miniature = Miniature::with_answer("right");
    let (finished, summary) = on_github(&miniature, &["check", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(unguarded(&finished.stdout), Vec::<&str>::new());
    assert!(summary.contains("1 of 1 pass"), "{summary}");
}

#[test]
fn when_the_checker_cannot_go_on_the_guard_is_closed_and_the_error_is_said() {
    let miniature = Miniature::new();
    let (finished, _) = on_github(&miniature, &["check", "nothing"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let unguarded = unguarded(&finished.stdout);
    assert_eq!(unguarded.len(), 1);
    assert!(
        unguarded[0].starts_with("::error title=the checker cannot go on::there is no exercise")
    );
}

#[test]
fn another_command_has_no_such_format() {
    let finished = Miniature::new().checker(&["list", "--format", "github"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.complaint().contains("a format of `check` and `report` only"), "{finished:?}");
}

#[cfg(feature = "junit")]
#[test]
fn junit_is_one_document_with_the_exercises_as_suites() {
    let miniature = Miniature::with_answer("wrong_answer");
    let finished = miniature.checker(&["check", "--format", "junit"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let document = roxmltree::Document::parse(&finished.stdout).unwrap();
    let suites = document.root_element().children().filter(|node| node.is_element());
    let names: Vec<&str> = suites.map(|suite| suite.attribute("name").unwrap()).collect();
    assert_eq!(names, ["answer", "next"]);
    assert!(document.descendants().any(|node| node.has_tag_name("failure")));
}
