//! Output that cannot be written is an error; a reader that has gone away is none.

use std::fs::File;
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::miniature::{Finished, Miniature};

/// The checker with a standard output that has no room for a byte.
fn onto_a_full_device(mut checker: Command) -> Finished {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = checker.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    Finished::of(child.wait_with_output().unwrap())
}

fn is_said(finished: &Finished) {
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let said = "error: standard output: cannot write: No space left on device";
    assert!(finished.complaint().contains(said), "{finished:?}");
}

#[rstest]
#[case::check(&["check", "answer"])]
#[case::check_in_json(&["check", "answer", "--format", "json"])]
#[case::check_on_github(&["check", "answer", "--format", "github"])]
#[case::list(&["list"])]
#[case::list_in_json(&["list", "--format", "json"])]
#[case::hint(&["hint"])]
#[case::doctor(&["doctor"])]
#[case::reset(&["reset", "answer"])]
#[case::solution(&["solution", "answer", "--force"])]
#[case::run(&["run", "answer"])]
#[case::help(&["--help"])]
#[case::help_of_a_command(&["help", "check"])]
#[case::version(&["--version"])]
fn a_report_that_cannot_be_written_is_an_error(#[case] arguments: &[&str]) {
    let miniature = Miniature::with_solutions();
    miniature.write(crate::miniature::ANSWER, &crate::miniature::outcome("right"));
    is_said(&onto_a_full_device(miniature.command(arguments)));
}

#[test]
fn a_verdict_that_could_not_be_said_is_remembered() {
    let miniature = Miniature::with_answer("right");
    is_said(&onto_a_full_device(miniature.command(&["check", "answer"])));
    assert_eq!(miniature.judge_answer()["cached"], true);
}

#[cfg(feature = "grade")]
mod of_a_grading {
    use super::*;
    use crate::class::Class;

    #[test]
    fn a_grading_whose_words_are_lost_has_its_results() {
        let class = Class::new();
        class.student("ada", "right", None);
        let arguments = class.arguments(&["--only", "answer"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        is_said(&onto_a_full_device(class.workbook.command(&arguments)));
        assert!(class.gradebook().contains("ada"), "{}", class.gradebook());
    }

    #[rstest]
    #[case::human("human")]
    #[case::json("json")]
    #[case::github("github")]
    #[case::junit("junit")]
    #[case::gradescope("gradescope")]
    #[case::classroom("classroom")]
    #[case::canvas("canvas")]
    #[case::moodle("moodle")]
    #[case::csv("csv")]
    fn a_document_that_cannot_be_written_is_an_error(#[case] format: &str) {
        let class = Class::new();
        class.student("ada", "compile_error", None);
        assert_eq!(class.grade(&["--only", "answer"]).code, Some(0));
        let out = class.out().display().to_string();
        let assignment = "--assignment=Shopfloor (4711)";
        let report = ["report", &out, "--only", "answer", "--format", format, assignment];
        is_said(&onto_a_full_device(class.workbook.command(&report)));
        let onto =
            class.workbook.checker(&[report.as_slice(), &["--output", "/dev/full"]].concat());
        if format != "human" && format != "json" {
            assert_eq!(onto.code, Some(3), "{onto:?}");
            assert!(
                onto.complaint().contains("/dev/full: cannot write: No space left"),
                "{onto:?}"
            );
        }
    }
}

#[test]
fn a_reader_that_has_gone_away_changes_neither_the_exit_code_nor_what_is_remembered() {
    for (answer, code) in [("right", 0), ("wrong_answer", 1)] {
        let miniature = Miniature::with_answer(answer);
        for format in ["human", "json"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut checker = miniature.command(&["check", "answer", "--format", format]);
            let child = checker.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
            let finished = Finished::of(child.wait_with_output().unwrap());
            assert_eq!((finished.code, finished.stderr.as_str()), (Some(code), ""), "{finished:?}");
        }
        assert_eq!(miniature.judge_answer()["cached"], true);
    }
}
