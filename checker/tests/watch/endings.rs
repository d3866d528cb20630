//! However it ends, the terminal is as it was found and no process is left.

use nix::sys::signal::Signal;
use rstest::rstest;

use crate::miniature::Miniature;
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

/// A test that never ends is running.
fn busy() -> (Miniature, Terminal) {
    let miniature = Miniature::with_answer("busy_loop");
    let terminal = Terminal::watch(&miniature, SIZE, &[]);
    terminal.wait_until(|| miniature.tests_run());
    terminal.wait_for("testing answer");
    (miniature, terminal)
}

#[test]
fn q_leaves_at_once_whatever_runs() {
    let (miniature, mut terminal) = busy();
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}

#[test]
fn ctrl_c_leaves() {
    let (miniature, mut terminal) = busy();
    terminal.press("\x03");
    assert_eq!(terminal.end().code(), Some(130));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}

#[rstest]
#[case::from_a_service_manager(Signal::SIGTERM)]
#[case::from_another_terminal(Signal::SIGINT)]
#[case::from_a_terminal_that_is_closed(Signal::SIGHUP)]
fn a_signal_ends_it(#[case] signal: Signal) {
    let (miniature, mut terminal) = busy();
    terminal.signal(signal);
    assert_eq!(terminal.end().code(), Some(130));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}

#[test]
fn it_stops_by_ctrl_z_and_goes_on_by_fg() {
    let miniature = Miniature::with_answer("busy_loop");
    let shell = ["--norc", "--noprofile", "-i"];
    let variables = [("PS1", "shell> "), ("HISTFILE", "/dev/null")];
    let mut terminal = Terminal::of(&miniature, SIZE, "bash", &shell, &variables);
    terminal.wait_for("shell> ");
    terminal.press(&format!("{} watch\n", env!("CARGO_BIN_EXE_checker")));
    terminal.wait_until(|| miniature.tests_run());
    terminal.wait_for("testing answer");
    terminal.press("\x1a");
    terminal.wait_for("Stopped");
    assert!(!miniature.tests_run(), "nothing runs while it is stopped");
    terminal.press("echo in the $((1 + 1))nd program\n");
    terminal.wait_for("in the 2nd program");
    miniature.write(crate::miniature::ANSWER, &crate::miniature::outcome("wrong_answer"));
    terminal.press("fg\n");
    terminal.wait_for("the answer is 42");
    terminal.press("q");
    terminal.wait_for("shell> ");
    terminal.press("exit\n");
    terminal.end();
}
