//! Each key.

use crate::miniature::{ANSWER, Miniature, NEXT, outcome};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// Watched, with an answer as `tests/outcomes/NAME.rs` has it, after its first verdict.
fn watched(answer: &str, verdict: &str) -> (Miniature, Terminal) {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &outcome(answer));
    let terminal = Terminal::watch(&miniature, SIZE, &["answer"]);
    terminal.wait_for(verdict);
    terminal.wait_until_idle();
    (miniature, terminal)
}

fn failing() -> (Miniature, Terminal) {
    watched("wrong_answer", "the answer is 42")
}

fn quit(mut terminal: Terminal) {
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn next_and_previous() {
    let (_miniature, terminal) = failing();
    terminal.press("n");
    terminal.wait_for("1.2 next: The next thing");
    terminal.press("n");
    terminal.wait_for("This is the last exercise.");
    terminal.press("p");
    terminal.wait_for("✗ 1.1 answer");
    terminal.press("p");
    terminal.wait_for("This is the first exercise.");
    quit(terminal);
}

#[test]
fn hints_come_one_by_one() {
    let (_miniature, terminal) = failing();
    terminal.press("h");
    terminal.wait_for("The first hint.");
    terminal.press("h");
    terminal.wait_for("hint 2 of 3");
    terminal.press("\x1b");
    terminal.wait_for("✗ 1.1 answer");
    quit(terminal);
}

#[test]
fn the_list_is_filtered_sorted_and_chosen_from() {
    let (_miniature, terminal) = failing();
    terminal.press("l");
    terminal.wait_for("shown: all   by: number");
    terminal.wait_for("not started");
    terminal.press("s");
    terminal.wait_for("by: name");
    terminal.press("f");
    terminal.wait_for("shown: open");
    terminal.press("f");
    terminal.wait_for("No exercise is like that.");
    terminal.press("f");
    terminal.press("/next");
    terminal.wait_for("containing: next_");
    terminal.wait_until_gone("The answer");
    terminal.press("\r");
    terminal.press("\r");
    terminal.wait_for("1.2 next: The next thing");
    quit(terminal);
}

#[test]
fn the_experiment_runs() {
    let (_miniature, terminal) = failing();
    terminal.press("r");
    terminal.wait_for("The reference prints something else");
    quit(terminal);
}

#[test]
fn the_experiment_is_traced() {
    let (_miniature, terminal) = watched("right", "✓ 1.1 answer");
    terminal.press("t");
    terminal.wait_for("── trace: answer");
    quit(terminal);
}

#[test]
fn the_solution_is_shown_after_a_pass_only() {
    let (miniature, terminal) = failing();
    terminal.press("s");
    terminal.wait_for("has not passed yet");
    miniature.write(ANSWER, &outcome("right"));
    terminal.wait_for("✓ 1.1 answer");
    terminal.press("s");
    terminal.wait_for("── solution: answer");
    quit(terminal);
}

#[test]
fn a_reset_asks_first() {
    let (miniature, terminal) = failing();
    let before = miniature.read(ANSWER);
    terminal.press("R");
    terminal.wait_for("Put the stub of answer back?");
    terminal.press("n");
    terminal.wait_for("✗ 1.1 answer");
    assert_eq!(miniature.read(ANSWER), before);
    terminal.press("R");
    terminal.wait_for("Put the stub of answer back?");
    terminal.press("y");
    terminal.wait_for("Not started.");
    terminal.wait_for("The stub is back");
    assert!(miniature.read(ANSWER).contains("todo!"));
    quit(terminal);
}

#[test]
fn only_the_failing_test_runs_again_and_shows_all_that_it_writes() {
    let (_miniature, terminal) = failing();
    terminal.press("a");
    terminal.wait_for("it_is_42 fails again. All that it wrote:");
    terminal.wait_for("panicked at");
    quit(terminal);
}

#[test]
fn all_that_the_compiler_says_is_shown() {
    let (_miniature, terminal) = watched("compile_error", "✗ 1.1 answer");
    terminal.press("a");
    terminal.wait_for("── again: answer");
    terminal.wait_for("error");
    quit(terminal);
}

#[test]
fn all_exercises_are_judged() {
    let (miniature, terminal) = failing();
    miniature.write(NEXT, &outcome("right").replace("answer()", "next()"));
    terminal.wait_for("✓ 1.2 next");
    terminal.press("A");
    terminal.wait_for("── all exercises");
    terminal.wait_for("1 The only part");
    quit(terminal);
}

#[test]
fn an_exercise_is_judged_anew() {
    let (_miniature, terminal) = failing();
    terminal.press("?");
    terminal.wait_for("── help");
    terminal.press("c");
    terminal.wait_for("the answer is 42");
    quit(terminal);
}

#[test]
fn what_is_pasted_is_no_command() {
    let (_miniature, terminal) = failing();
    terminal.press("\x1b[200~qqq\x1b[201~l");
    terminal.wait_for("shown: all");
    terminal.press("\x1b");
    terminal.wait_for("✗ 1.1 answer");
    quit(terminal);
}

#[test]
fn what_does_not_fit_is_scrolled_to() {
    let miniature = Miniature::with_answer("wrong_answer");
    let terminal = Terminal::watch(&miniature, (80, 12), &[]);
    terminal.wait_for("✗ 1.1 answer");
    terminal.wait_until_idle();
    terminal.press("G");
    terminal.wait_for("hint  ");
    terminal.wait_until_gone("✗ 1.1 answer");
    terminal.press("g");
    terminal.wait_for("✗ 1.1 answer");
    quit(terminal);
}
