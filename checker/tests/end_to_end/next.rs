//! What is next, where it is said, and which line is opened.

use std::fs::File;
use std::time::{Duration, SystemTime};

use evidence::Told;
use rstest::rstest;

use crate::evidence::{schedule, tells};
use crate::miniature::{ANSWER, Miniature, NEXT, outcome};

/// A solution of the second exercise with the text of `tests/outcomes/NAME.rs`.
fn next(name: &str) -> String {
    outcome(name).replace("answer()", "next()")
}

/// Gives a file the time of an edit, so many seconds after a day long ago.
fn edited(miniature: &Miniature, path: &str, seconds: u64) {
    let file = File::options().append(true).open(miniature.root().join(path)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + seconds);
    file.set_modified(time).unwrap();
}

/// What `check` without a name has as next.
fn next_after_check(miniature: &Miniature) -> String {
    let summary = miniature.checker(&["check", "--format", "json"]).event("summary");
    summary["next"].as_str().unwrap().to_owned()
}

fn hinted(miniature: &Miniature) -> String {
    let finished = miniature.checker(&["hint"]);
    finished.stdout.split(':').next().unwrap().to_owned()
}

#[test]
fn the_exercise_that_was_edited_is_next_although_another_one_was_skipped() {
    let miniature = Miniature::new();
    miniature.write(NEXT, &next("wrong_answer"));
    assert_eq!(next_after_check(&miniature), "01_part/02_next");
    assert_eq!(next_after_check(&miniature), "01_part/02_next", "unchanged: the same");
    assert_eq!(hinted(&miniature), "next");
    let page = miniature.checker(&["check"]).stdout;
    assert!(page.contains("edit  exercises/01_part/02_next/src/lib.rs"), "{page}");
    assert!(!page.contains("exercises/01_part/01_answer"), "{page}");
}

#[test]
fn of_two_that_fail_the_one_that_was_edited_last_is_next() {
    let miniature = Miniature::with_answer("wrong_answer");
    miniature.write(NEXT, &next("wrong_answer"));
    edited(&miniature, ANSWER, 20);
    edited(&miniature, NEXT, 10);
    assert_eq!(next_after_check(&miniature), "01_part/01_answer");
    edited(&miniature, NEXT, 30);
    assert_eq!(hinted(&miniature), "next", "also before it is checked");
    assert_eq!(next_after_check(&miniature), "01_part/02_next");
    assert_eq!(next_after_check(&miniature), "01_part/02_next", "unchanged: the same");
}

#[test]
fn what_fails_comes_before_what_passes_and_was_edited_later() {
    let miniature = Miniature::with_answer("wrong_answer");
    miniature.write(NEXT, &next("right"));
    edited(&miniature, ANSWER, 10);
    edited(&miniature, NEXT, 20);
    let page = miniature.checker(&["check"]).stdout;
    let pass = page
        .find("✓ 1.2 next passes (2 tests)\n  exercises/01_part/02_next/README.md:13")
        .unwrap_or_else(|| panic!("{page}"));
    let lesson = page.find("✗ 1.1 answer").unwrap_or_else(|| panic!("{page}"));
    assert!(pass < lesson, "the lesson comes last: {page}");
    assert_eq!(hinted(&miniature), "answer");
}

#[test]
fn what_was_asked_for_by_name_and_fails_is_next() {
    let miniature = Miniature::with_answer("wrong_answer");
    miniature.write(NEXT, &next("wrong_answer"));
    edited(&miniature, NEXT, 10);
    edited(&miniature, ANSWER, 20);
    assert_eq!(next_after_check(&miniature), "01_part/01_answer");
    miniature.checker(&["check", "next"]);
    assert_eq!(hinted(&miniature), "next");
}

#[test]
fn a_hang_that_is_judged_each_time_does_not_take_the_place_of_the_last_edit() {
    let miniature = Miniature::with_answer("deadlock");
    miniature.replace("exercises/curriculum.toml", "test_seconds = 10", "test_seconds = 1");
    miniature.write(NEXT, &next("wrong_answer"));
    edited(&miniature, ANSWER, 10);
    edited(&miniature, NEXT, 20);
    assert_eq!(next_after_check(&miniature), "01_part/02_next");
    assert_eq!(next_after_check(&miniature), "01_part/02_next", "only the hang is judged again");
}

#[test]
fn run_and_solution_without_a_name_mean_the_next_one() {
    let miniature = Miniature::with_solutions();
    miniature.write(NEXT, &next("wrong_answer"));
    let finished = miniature.checker(&["run"]);
    assert!(finished.stdout.contains("+ the answer is 44"), "{finished:?}");
    let finished = miniature.checker(&["solution"]);
    assert!(finished.complaint().contains("`next` has not passed yet"), "{finished:?}");
    miniature.write(ANSWER, &outcome("right"));
    miniature.write(NEXT, &next("right"));
    assert_eq!(miniature.checker(&["check"]).code, Some(0));
    for command in ["hint", "run", "trace", "solution"] {
        let finished = miniature.checker(&[command]);
        assert!(finished.complaint().contains("everything has passed"), "{command}: {finished:?}");
    }
}

#[test]
fn a_refused_solution_without_a_name_names_the_one_that_passed_last() {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &outcome("right"));
    miniature.checker(&["check"]);
    let complaint = miniature.checker(&["solution"]).complaint();
    assert!(complaint.contains("solution answer`"), "{complaint}");
}

#[test]
fn a_new_pass_is_said_last_with_its_verdict_and_what_comes_next() {
    let miniature = Miniature::with_answer("right");
    let page = miniature.checker(&["check"]).stdout;
    let end: Vec<&str> = page.lines().rev().take(9).collect();
    let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
    for phrase in [
        "✓ 1.1 answer passes (2 tests)",
        "Claim M1: Holds.",
        "verdict  exercises/01_part/01_answer/README.md:13",
        "next     1.2 next: The next thing",
        "edit     exercises/01_part/02_next/src/lib.rs:5",
    ] {
        assert!(end.contains(phrase), "`{phrase}` is not at the end of {page}");
    }
    let again = miniature.checker(&["check"]).stdout;
    assert!(!again.contains("passes (2 tests)"), "it is said once: {again}");
    assert!(again.contains("· 1.2 next: The next thing"), "{again}");
    let named = miniature.checker(&["check", "answer"]).stdout;
    assert!(named.contains("README.md:13") && named.contains("next     1.2 next"), "{named}");
}

#[test]
fn the_last_pass_is_said_before_the_workshop_is_given_away() {
    let miniature = Miniature::with_answer("right");
    miniature.checker(&["check"]);
    miniature.write(NEXT, &next("right"));
    let page = miniature.checker(&["check"]).stdout;
    assert!(page.contains("verdict  exercises/01_part/02_next/README.md:13"), "{page}");
    assert!(page.trim_end().ends_with("All 2 exercises pass. The workshop is yours."), "{page}");
}

#[test]
fn the_lesson_stands_below_a_schedule_that_is_taller_than_the_screen() {
    let miniature = Miniature::new();
    miniature.write(ANSWER, &tells(&Told::Schedule(schedule(60))));
    let page = miniature.checker(&["check"]).stdout;
    let end: Vec<&str> = page.lines().rev().take(24).collect();
    for phrase in ["✗ it_is_even", "expected: one", "likely:   three", "edit  exercises/01_part"]
    {
        assert!(
            end.iter().any(|line| line.contains(phrase)),
            "`{phrase}` is scrolled away: {page}"
        );
    }
    let row = page.find(":59 │ lock").unwrap();
    assert!(row < page.find("expected: one").unwrap(), "{page}");
}

#[rstest]
#[case::a_todo_that_was_reached(
    "pub fn other() { todo!() }\npub fn answer() -> u32 {\n    todo!(\"here\")\n}\n",
    3
)]
#[case::a_panic_in_another_thread(
    "pub fn answer() -> u32 {\n    let thread = std::thread::spawn(|| {\n        panic!(\"here\")\n    \
     });\n    let _: Result<(), _> = thread.join();\n    43\n}\npub fn other() { todo!() }\n",
    3
)]
#[case::a_compiler_error("pub fn other() { todo!() }\npub fn answer() -> u32 {\n    \"\"\n}\n", 3)]
#[case::the_function_that_the_test_calls(
    "pub fn other() { todo!() }\n\npub fn answer() -> u32 {\n    44\n}\n",
    3
)]
fn the_line_that_is_opened_is_the_one_to_look_at(#[case] text: &str, #[case] line: u32) {
    let miniature = Miniature::new();
    miniature.write(ANSWER, text);
    let page = miniature.checker(&["check", "answer"]).stdout;
    let edit = format!("edit  {ANSWER}:{line}\n");
    assert!(page.contains(&edit), "no `{edit}` in {page}");
}

#[test]
fn an_edited_test_is_the_line_to_look_at_and_not_to_edit() {
    let miniature = Miniature::with_answer("right");
    miniature.replace("exercises/01_part/01_answer/tests/answer.rs", "42, \"the", "44, \"the");
    let page = miniature.checker(&["check"]).stdout;
    assert!(page.contains("look  exercises/01_part/01_answer/tests/answer.rs:10"), "{page}");
    assert!(!page.contains("  edit  "), "{page}");
}

#[test]
fn only_the_part_of_the_next_one_and_what_is_wrong_are_listed_in_full() {
    let miniature = Miniature::with_answer("wrong_answer");
    let page = miniature.checker(&["check"]).stdout;
    assert!(page.contains(" 1 The only part  ✗ ·\n"), "{page}");
    assert!(page.contains(" ▸ ✗ 1.1  answer               failed: 1 of 2 tests pass\n"), "{page}");
}

#[test]
fn make_is_told_that_not_yet_is_no_fault_and_only_then() {
    let miniature = Miniature::new();
    let by_make = |arguments: &[&str]| {
        let mut command = miniature.command(arguments);
        let output = command.env("SHOPFLOOR_BY_MAKE", "1").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, page) = by_make(&["check"]);
    assert_eq!(code, Some(1));
    assert!(page.lines().last().unwrap().contains("\"Error 1\" below"), "{page}");
    assert!(!miniature.checker(&["check"]).stdout.contains("Error 1"));
    assert!(!by_make(&["check", "--format", "json"]).1.contains("Error 1"));
    miniature.write(ANSWER, &outcome("right"));
    let (code, page) = by_make(&["check", "answer"]);
    assert_eq!(code, Some(0));
    assert!(!page.contains("Error 1"), "{page}");
}
