//! Workbooks and state files that are not as they should be.

use std::fs;

use rstest::rstest;

use crate::miniature::{ANSWER, Finished, Miniature};

const CURRICULUM: &str = "exercises/curriculum.toml";

#[rstest]
#[case::an_unknown_key(
    "points = 3",
    "points = 3\ncolour = \"red\"",
    "curriculum.toml:14: unknown field `colour`"
)]
#[case::a_duplicate_number("\"1.2\"", "\"1.1\"", "does not begin with the place of 1.1")]
#[case::a_number_of_no_part("\"1.2\"", "\"7.2\"", "part 7, which does not exist")]
#[case::no_number("\"1.2\"", "\"one\"", "`one` is no exercise number")]
#[case::no_time(
    "test_seconds = 10",
    "test_seconds = 18446744073709551615",
    "curriculum.toml:9: exercise 1.1 has a limit that is no usable time"
)]
#[case::an_unknown_need(
    "points = 3",
    "points = 3\nneeds = { answer = \"root\" }",
    "curriculum.toml:14: `root` is nothing that tests can need"
)]
#[case::a_need_of_no_target(
    "points = 3",
    "points = 3\nneeds = { timeline = \"ptrace\" }",
    "curriculum.toml:14: `needs` names exercises/01_part/01_answer/tests/timeline.rs"
)]
#[case::no_toml("title = \"Miniature\"", "title = ", "curriculum.toml:1:")]
fn a_broken_curriculum_is_named_with_its_line(
    #[case] old: &str,
    #[case] new: &str,
    #[case] phrase: &str,
) {
    let miniature = Miniature::new();
    miniature.replace(CURRICULUM, old, new);
    let finished = miniature.checker(&["check", "--format", "json"]);
    assert_eq!(finished.code, Some(3));
    let error = finished.event("error");
    assert!(error["message"].as_str().unwrap().contains(phrase), "{error:#}");
}

#[test]
fn two_exercises_with_one_number_are_named() {
    let miniature = Miniature::new();
    let text = miniature.read(CURRICULUM);
    let entry = text.rsplit("[[exercise]]").next().unwrap().to_owned();
    miniature.write(
        CURRICULUM,
        &format!("{text}\n[[exercise]]{}", entry.replace("02_next", "02_again")),
    );
    let finished = miniature.checker(&["check"]);
    assert_eq!(finished.code, Some(3));
    assert!(
        finished.complaint().contains("`again` and `next` have the same number 1.2"),
        "{finished:?}"
    );
}

#[test]
fn a_missing_file_of_an_exercise_is_named_with_the_line_of_its_entry() {
    let miniature = Miniature::new();
    miniature.remove("exercises/01_part/02_next/README.md");
    let finished = miniature.checker(&["check"]);
    assert_eq!(finished.code, Some(3));
    assert!(finished.complaint().contains("curriculum.toml:19:"), "{finished:?}");
    assert!(finished.complaint().contains("02_next/README.md is missing"), "{finished:?}");
}

#[test]
fn outside_a_workbook_the_checker_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_checker"))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let finished = Finished::of(output);
    assert_eq!(finished.code, Some(3));
    assert!(finished.complaint().contains("no workbook"), "{finished:?}");
}

#[test]
fn a_corrupt_state_file_is_set_aside_and_nothing_in_it_is_lost() {
    let miniature = Miniature::with_answer("right");
    miniature.write(".shopfloor/progress.toml", "this is [no toml \u{1}");
    let finished = miniature.checker(&["check", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.complaint().contains("was set aside"), "{finished:?}");
    let aside = miniature.read(".shopfloor/progress.toml.corrupt-1");
    assert_eq!(aside, "this is [no toml \u{1}");
    assert!(miniature.read(".shopfloor/progress.toml").contains("passed"));
}

#[test]
fn a_corrupt_state_file_is_never_set_aside_in_silence() {
    for command in [&["list"][..], &["solution", "answer", "--force"]] {
        let miniature = Miniature::new();
        miniature.write("solutions/01_part/01_answer/lib.rs", "//! 42.\n");
        miniature.write(".shopfloor/progress.toml", "this is [no toml");
        let finished = miniature.checker(command);
        assert!(finished.complaint().contains("was set aside"), "{command:?}: {finished:?}");
    }
}

#[test]
fn where_no_state_can_be_written_the_verdict_stands_with_a_warning() {
    let miniature = Miniature::with_answer("right");
    // A file where the directory should be: nobody can write below it, root included.
    miniature.write(".shopfloor", "");
    let finished = miniature.checker(&["check", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.complaint().contains("progress cannot be kept"), "{finished:?}");
}

#[test]
fn a_read_only_state_file_is_replaced_and_not_an_error() {
    let miniature = Miniature::with_answer("right");
    miniature.write(".shopfloor/progress.toml", "");
    let file = miniature.root().join(".shopfloor/progress.toml");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    assert_eq!(miniature.checker(&["check", "answer"]).code, Some(0));
    assert!(miniature.read(".shopfloor/progress.toml").contains("passed"));
}

#[test]
fn a_path_with_spaces_and_other_scripts_works() {
    let miniature = Miniature::below("my wörkbook 作業 (2)");
    miniature.write(ANSWER, &crate::miniature::outcome("right"));
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
}

#[test]
fn a_workbook_named_by_a_roundabout_way_is_judged_like_any_other() {
    let miniature = Miniature::with_answer("right");
    let link = miniature.root().with_file_name("link");
    std::os::unix::fs::symlink(miniature.root(), &link).unwrap();
    for way in ["../workbook", link.to_str().unwrap()] {
        let check = ["--workbook", way, "check", "answer", "--format", "json"];
        assert_eq!(miniature.checker(&check).event("verdict")["verdict"], "passed", "{way}");
    }
}

#[test]
fn two_checkers_at_once_take_turns_and_lose_nothing() {
    let miniature = Miniature::with_answer("right");
    miniature.write(
        crate::miniature::NEXT,
        &crate::miniature::outcome("right").replace("answer()", "next()"),
    );
    let first = miniature.start(&["check", "answer"]);
    let second = miniature.start(&["check", "next"]);
    assert_eq!(Finished::of(first.wait_with_output().unwrap()).code, Some(0));
    assert_eq!(Finished::of(second.wait_with_output().unwrap()).code, Some(0));
    let state = miniature.read(".shopfloor/progress.toml");
    assert!(state.contains("[exercises.answer]") && state.contains("[exercises.next]"), "{state}");
}
