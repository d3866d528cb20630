//! The learner's editor.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;

use crate::miniature::{ANSWER, Miniature, outcome};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// An editor: a script with the name of a known one, which is told its arguments as `$@`.
fn editor(miniature: &Miniature, name: &str, script: &str) -> String {
    let path = miniature.root().join("bin").join(name);
    miniature.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn watched(miniature: &Miniature, editor: &str) -> Terminal {
    let terminal = Terminal::watch_with(miniature, SIZE, &[], &[("VISUAL", editor)]);
    terminal.wait_for("the answer is 42");
    terminal.wait_until_idle();
    terminal.wait_until_idle();
    terminal
}

#[test]
fn it_opens_at_the_line_and_has_the_terminal() {
    let miniature = Miniature::with_answer("wrong_answer");
    miniature.write("right.rs", &outcome("right"));
    let script = "echo \"opened $1\"; stty -a | tr ';' '\\n' | grep -o ' icanon'; \
                  read line; cp right.rs \"$2\"";
    let vi = editor(&miniature, "vi", script);
    let mut terminal = watched(&miniature, &format!("{vi} "));
    terminal.press("e");
    terminal.wait_for("opened +4");
    terminal.wait_for("icanon");
    terminal.assert_is_restored();
    // A q here is the editor's.
    terminal.press("q\n");
    terminal.wait_for("✓ 1.1 answer");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn one_with_a_window_leaves_the_screen_as_it_is() {
    let miniature = Miniature::with_answer("wrong_answer");
    let code = editor(&miniature, "code", "echo \"$@\" > opened; cp opened opened.whole");
    let mut terminal = watched(&miniature, &format!("{code} --wait"));
    terminal.press("e");
    let told = miniature.root().join("opened.whole");
    terminal.wait_until(|| told.exists() && !fs::read_to_string(&told).unwrap().is_empty());
    let root = fs::canonicalize(miniature.root()).unwrap();
    let expected = format!("--wait --goto {}:4\n", root.join(ANSWER).display());
    assert_eq!(miniature.read("opened.whole"), expected);
    terminal.wait_for("the answer is 42");
    terminal.wait_until_idle();
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn one_that_is_not_there_is_named() {
    let miniature = Miniature::with_answer("wrong_answer");
    let mut terminal = watched(&miniature, "/no/such/editor");
    terminal.press("e");
    terminal.wait_for("$VISUAL or $EDITOR");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn one_that_is_open_is_ended_with_the_checker() {
    let miniature = Miniature::with_answer("wrong_answer");
    let vi = editor(&miniature, "vi", "echo opened; exec sleep 1000");
    let mut terminal = watched(&miniature, &vi);
    terminal.press("e");
    terminal.wait_for("opened");
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.end().code(), Some(130));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}
