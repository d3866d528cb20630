//! Ctrl-C, and the death of the checker itself.

use std::io::{BufRead, BufReader};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::miniature::{Finished, Miniature, end_by_ctrl_c};

/// Starts a check of a solution that never ends and waits until its tests run.
fn start_endless() -> (Miniature, Child) {
    let miniature = Miniature::with_answer("busy_loop");
    let mut checker = miniature.start(&["check", "answer", "--format", "json"]);
    let mut lines = BufReader::new(checker.stdout.as_mut().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("\"running\"") {}
    drop(lines);
    // `running` is said before the first test starts: wait for its process.
    while !miniature.tests_run() {
        std::thread::yield_now();
    }
    (miniature, checker)
}

#[test]
fn ctrl_c_ends_every_child_and_says_so() {
    let (miniature, checker) = start_endless();
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(miniature.processes(), Vec::<String>::new());
}

#[test]
fn a_checker_that_is_killed_leaves_no_test_running() {
    let (miniature, mut checker) = start_endless();
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGKILL).unwrap();
    checker.wait().unwrap();
    // The supervisors notice by end-of-file, each in its own time.
    while !miniature.processes().is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn progress_made_before_ctrl_c_is_kept() {
    let miniature = Miniature::with_answer("right");
    miniature.write(
        crate::miniature::NEXT,
        &crate::miniature::outcome("busy_loop").replace("answer()", "next()"),
    );
    let mut checker = miniature.start(&["check", "--format", "json"]);
    let mut lines = BufReader::new(checker.stdout.as_mut().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("02_next") {}
    drop(lines);
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(Finished::of(checker.wait_with_output().unwrap()).code, Some(130));
    assert_eq!(miniature.judge_answer()["cached"], true);
}

#[test]
fn a_checker_that_is_to_outlive_its_terminal_does() {
    let miniature = Miniature::with_answer("busy_loop");
    let checker = miniature.command(&["check", "answer"]);
    let mut nohup = std::process::Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    nohup.arg(checker.get_program()).args(checker.get_args());
    end_by_ctrl_c(&mut nohup);
    let mut checker = nohup.current_dir(miniature.root()).spawn().unwrap();
    while !miniature.tests_run() {
        std::thread::yield_now();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", checker.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    assert_ne!(ignored & (1 << (Signal::SIGHUP as i32 - 1)), 0, "{status}");
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(checker.wait().unwrap().code(), Some(130));
}
