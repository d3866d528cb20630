//! Lines in place of a screen.

use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

#[test]
fn without_a_terminal_it_prints_lines() {
    let miniature = Miniature::with_answer("wrong_answer");
    let mut checker = miniature.start(&["watch"]);
    let mut lines = BufReader::new(checker.stdout.as_mut().unwrap()).lines();
    let mut wait_for = |text: &str| {
        let mut read = String::new();
        while !read.contains(text) {
            read = lines.next().unwrap_or_else(|| panic!("it ended before {text:?}")).unwrap();
            assert!(!read.contains('\x1b'), "{read:?}");
        }
    };
    wait_for("the answer is 42");
    miniature.write(ANSWER, &outcome("right"));
    wait_for("✓ 1.1 answer");
    drop(lines);
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGTERM).unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{finished:?}");
}

#[rstest]
#[case::on_request(&["--plain"], "xterm-256color")]
#[case::where_no_escape_sequence_is_obeyed(&[], "dumb")]
fn on_a_terminal_commands_are_lines(#[case] args: &[&str], #[case] term: &str) {
    let miniature = Miniature::with_answer("wrong_answer");
    let mut terminal = Terminal::watch_with(&miniature, SIZE, args, &[("TERM", term)]);
    terminal.wait_for_times("the answer is 42", 1);
    terminal.press("h\n");
    terminal.wait_for_times("The first hint.", 1);
    terminal.press("hint\n");
    terminal.wait_for_times("hint 2 of 3", 1);
    terminal.press("what?\n");
    terminal.wait_for_times("There is no such command", 1);
    terminal.press("list\n");
    terminal.wait_for_times("1.2  next", 1);
    terminal.press("q\n");
    // That leaves the list.
    terminal.press("quit\n");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(!terminal.written().contains("\x1b[?1049h"), "no alternate screen");
}

#[test]
fn a_learner_who_wants_no_colours_gets_none() {
    let miniature = Miniature::with_answer("wrong_answer");
    for (variables, expected) in [(&[][..], true), (&[("NO_COLOR", "1")][..], false)] {
        let mut terminal = Terminal::watch_with(&miniature, SIZE, &[], variables);
        terminal.wait_for("the answer is 42");
        terminal.press("q");
        terminal.end();
        assert_eq!(terminal.has_colours(), expected, "{:?}", terminal.written());
    }
}

#[test]
fn a_program_is_told_what_to_ask_instead() {
    let finished = Miniature::new().checker(&["watch", "--format", "json"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stdout.contains("check --format json"), "{finished:?}");
}
