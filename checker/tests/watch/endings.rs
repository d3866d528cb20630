//! However it ends, the terminal is as it was found and no process is left.

use std::io::Read;

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
fn a_terminal_that_is_closed_ends_it() {
    let miniature = Miniature::with_answer("busy_loop");
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    pty.resize(pty_process::Size::new(24, 80)).unwrap();
    let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_checker"));
    let command = command.arg("watch").current_dir(miniature.root()).env("TERM", "xterm");
    let mut checker = command.env("CARGO_NET_OFFLINE", "true").spawn(pts).unwrap();
    let (mut written, mut bytes) = (String::new(), [0; 1024]);
    while !written.contains("test") {
        let count = pty.read(&mut bytes).unwrap();
        written.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    while !miniature.tests_run() {
        assert!(checker.try_wait().unwrap().is_none(), "{written:?}");
        std::thread::yield_now();
    }
    drop(pty);
    assert_eq!(checker.wait().unwrap().code(), Some(130));
    assert_eq!(miniature.processes(), Vec::<String>::new());
}

#[test]
fn it_stops_by_ctrl_z_and_goes_on_by_fg() {
    let miniature = Miniature::with_answer("busy_loop");
    let shell = ["--norc", "--noprofile", "-i"];
    let variables = [("PS1", "shell> "), ("HISTFILE", "/dev/null")];
    let mut terminal = Terminal::of(&miniature, SIZE, "bash", &shell, &variables);
    terminal.wait_for("shell> ");
    terminal.press(&format!("'{}' watch\n", env!("CARGO_BIN_EXE_checker")));
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
