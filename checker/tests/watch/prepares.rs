//! What is built while the learner reads.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::miniature::{ANSWER, Miniature, outcome};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// A miniature whose first exercise fails, with a compiler that writes down with which nice value it builds the
/// second one, and then does `script`.
fn miniature(script: &str) -> Miniature {
    let miniature = Miniature::with_answer("wrong_answer");
    let wrapper = format!(
        "#!/bin/sh\ncase \"$*\" in *'--crate-name next '*) nice >> {root}/built; {script};; esac\n\
         exec \"$@\"\n",
        root = miniature.root().display()
    );
    miniature.write("rustc.sh", &wrapper);
    let path = miniature.root().join("rustc.sh");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    miniature
}

/// The miniature, watched, with its compiler.
fn watched(miniature: &Miniature) -> Terminal {
    let compiler = miniature.root().join("rustc.sh").display().to_string();
    Terminal::watch_with(miniature, SIZE, &["answer"], &[("RUSTC_WRAPPER", &compiler)])
}

#[test]
fn the_exercise_that_comes_is_built_at_the_lowest_priority() {
    let miniature = miniature("true");
    let mut terminal = watched(&miniature);
    terminal.wait_for("the answer is 42");
    let built = miniature.root().join("built");
    terminal.wait_until(|| built.exists());
    terminal.wait_until_idle();
    let nice = miniature.read("built");
    assert!(nice.lines().all(|nice| nice == "19"), "{nice}");
    // Its first check compiles the learner's file only; a stub that is as it was needs nothing at all.
    assert!(miniature.root().join("target/debug/next").exists());
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_save_does_not_wait_for_it() {
    let miniature = miniature("while :; do sleep 1; done");
    let mut terminal = watched(&miniature);
    terminal.wait_for("preparing next");
    let built = miniature.root().join("built");
    terminal.wait_until(|| built.exists());
    miniature.write(ANSWER, &outcome("right"));
    terminal.wait_for("✓ 1.1 answer");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}
