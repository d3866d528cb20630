//! Saves, however they come.

use std::fs;

use crate::miniature::{ANSWER, Miniature, NEXT, outcome};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// A miniature whose first exercise fails, watched, after its first verdict.
fn watched(args: &[&str]) -> (Miniature, Terminal) {
    let miniature = Miniature::with_answer("wrong_answer");
    let terminal = Terminal::watch(&miniature, SIZE, args);
    terminal.wait_for("the answer is 42");
    (miniature, terminal)
}

fn quit(mut terminal: Terminal) {
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_file_that_is_saved_is_judged_and_a_pass_stays_until_the_learner_goes_on() {
    let (miniature, terminal) = watched(&[]);
    miniature.write(ANSWER, &outcome("right"));
    terminal.wait_for("✓ 1.1 answer");
    terminal.wait_for("1 of 2 pass");
    terminal.wait_until_idle();
    terminal.press("n");
    terminal.wait_for("1.2 next: The next thing");
    quit(terminal);
}

#[test]
fn a_file_that_is_replaced_by_another_is_judged() {
    let (miniature, terminal) = watched(&[]);
    miniature.write("exercises/01_part/01_answer/src/.lib.rs.swp", "swap");
    miniature.write("exercises/01_part/01_answer/src/4913", "");
    miniature.write("exercises/01_part/01_answer/src/lib.rs~", &outcome("right"));
    let file = miniature.root().join(ANSWER);
    fs::rename(file.with_file_name("lib.rs~"), &file).unwrap();
    terminal.wait_for("✓ 1.1 answer");
    quit(terminal);
}

#[test]
fn a_folder_that_is_replaced_is_judged_and_watched() {
    let (miniature, terminal) = watched(&[]);
    let exercises = miniature.root().join("exercises");
    let other = miniature.root().join("other");
    crate::miniature::copy(&exercises, &other);
    fs::write(other.join("01_part/01_answer/src/lib.rs"), outcome("right")).unwrap();
    fs::rename(&exercises, miniature.root().join("old")).unwrap();
    fs::rename(&other, &exercises).unwrap();
    terminal.wait_for("✓ 1.1 answer");
    terminal.wait_until_idle();
    miniature.write(ANSWER, &outcome("panic"));
    terminal.wait_for("✗ 1.1 answer");
    quit(terminal);
}

#[test]
fn it_goes_to_the_exercise_of_the_file_that_was_saved() {
    let (miniature, terminal) = watched(&[]);
    miniature.write(NEXT, &outcome("wrong_answer").replace("answer()", "next()"));
    terminal.wait_for("✗ 1.2 next");
    quit(terminal);
}

#[test]
fn of_several_files_that_are_saved_at_once_the_one_that_is_worked_on_counts() {
    let (miniature, terminal) = watched(&[]);
    miniature.write(NEXT, &outcome("wrong_answer").replace("answer()", "next()"));
    terminal.wait_for("✗ 1.2 next");
    let stubs = [ANSWER, NEXT].map(|file| miniature.root().join(file));
    for file in &stubs {
        fs::write(file.with_extension("new"), outcome("right").replace("answer()", "next()"))
            .unwrap();
    }
    for file in stubs.iter().rev() {
        fs::rename(file.with_extension("new"), file).unwrap();
    }
    terminal.wait_for("✓ 1.2 next");
    quit(terminal);
}

#[test]
fn an_edit_ends_what_runs_and_begins_anew() {
    let miniature = Miniature::with_answer("busy_loop");
    // Longer than anybody waits: no deadline ends it.
    miniature.replace("exercises/curriculum.toml", "test_seconds = 10", "test_seconds = 1000");
    let terminal = Terminal::watch(&miniature, SIZE, &[]);
    terminal.wait_until(|| miniature.tests_run());
    let hanging = miniature.processes();
    miniature.write(ANSWER, &outcome("right"));
    terminal.wait_for("✓ 1.1 answer");
    terminal.wait_until_idle();
    let left = miniature.processes();
    // The checker itself is one that stays.
    let checker = format!("/proc/{}", terminal.id());
    let left: Vec<_> = left.iter().filter(|it| hanging.contains(it) && **it != checker).collect();
    assert!(left.is_empty(), "{left:?} are left of {hanging:?}");
    quit(terminal);
}

#[test]
fn a_test_that_hangs_hinders_nobody() {
    let miniature = Miniature::with_answer("deadlock");
    miniature.replace("exercises/curriculum.toml", "test_seconds = 10", "test_seconds = 1");
    let terminal = Terminal::watch(&miniature, SIZE, &[]);
    terminal.wait_for("still running after 1 s");
    quit(terminal);
}

#[test]
fn what_is_saved_without_a_change_is_not_judged() {
    let (miniature, terminal) = watched(&[]);
    terminal.wait_until_idle();
    miniature.write(ANSWER, &outcome("wrong_answer"));
    // Had the first one been taken for a change, the second one would not be the next.
    miniature.write(NEXT, &outcome("wrong_answer").replace("answer()", "next()"));
    terminal.wait_for("✗ 1.2 next");
    quit(terminal);
}

#[test]
fn saves_are_noticed_by_looking_where_the_system_does_not_tell() {
    let (miniature, terminal) = watched(&["--poll"]);
    miniature.write(ANSWER, &outcome("right"));
    terminal.wait_for("✓ 1.1 answer");
    quit(terminal);
}

#[test]
fn another_checker_can_work_meanwhile() {
    let (miniature, terminal) = watched(&[]);
    terminal.wait_until_idle();
    let finished = miniature.checker(&["check"]);
    assert_eq!(finished.stderr, "", "it need not wait");
    quit(terminal);
}
