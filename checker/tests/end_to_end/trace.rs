//! `checker trace`: what the experiment's processes did.

use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};
use crate::no_ptrace::{with_a_timeline, without_ptrace};

/// An answer that a child process is asked for, with this script.
fn asks(script: &str) -> String {
    format!(
        "//! Asks.\n\n/// 42.\npub fn answer() -> u32 {{\n    \
         std::process::Command::new(\"/bin/sh\").args([\"-c\", {script:?}]).status().unwrap();\n    \
         42\n}}\n"
    )
}

/// An answer that a reader waits for, who holds the write end himself.
const STUCK: &str = "//! Stuck.\n\n/// Never.\npub fn answer() -> u32 {\n    \
    let (mut reader, _writer) = std::io::pipe().unwrap();\n    \
    let mut byte = [0];\n    \
    std::io::Read::read_exact(&mut reader, &mut byte).unwrap();\n    u32::from(byte[0])\n}\n";

#[test]
fn without_solutions_the_learners_own_is_shown_alone() {
    let miniature = Miniature::with_answer("right");
    let finished = miniature.checker(&["trace", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for phrase in ["┌P1\n", "├ exec answer\n", "├ write stdout\n", "└ exit 0\n", "yours alone"]
    {
        assert!(finished.stdout.contains(phrase), "{phrase}: {}", finished.stdout);
    }
}

#[test]
fn what_the_reference_does_too_is_not_shown_twice() {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &outcome("right"));
    let finished = miniature.checker(&["trace", "answer"]);
    assert!(finished.stdout.contains("The reference's processes do the same."), "{finished:?}");
    assert_eq!(finished.stdout.matches("exec answer").count(), 1, "{finished:?}");
}

#[test]
fn what_differs_is_marked_and_is_no_failure() {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &asks("exit 7"));
    let finished = miniature.checker(&["trace", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for phrase in ["├+vfork P1.1", "├+wait P1.1 exit 7", "└+exit 7", "╎ ", "only the reference's"]
    {
        assert!(finished.stdout.contains(phrase), "{phrase}: {}", finished.stdout);
    }
    assert!(finished.stdout.lines().all(|line| line.chars().count() <= 80), "{finished:?}");
    assert!(!finished.stdout.contains('\x1b'));
}

#[test]
fn many_processes_are_told_a_line_a_step() {
    let miniature = Miniature::new();
    let script = "for i in 1 2 3 4 5 6; do (exit $i) & done; wait";
    miniature.write(ANSWER, &asks(script));
    let finished = miniature.checker(&["trace", "answer"]);
    assert!(finished.stdout.contains("\nP1.1.6  exit 6\n"), "{}", finished.stdout);
    assert!(finished.stdout.lines().all(|line| line.chars().count() <= 80), "{finished:?}");
}

#[test]
fn a_stuck_program_says_who_waits_for_what() {
    let miniature = Miniature::new();
    miniature.write(ANSWER, STUCK);
    let finished = miniature.checker(&["trace", "answer"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = "P1 waits in read(pipe1.r): its write end is still open in P1 (fd 4)";
    assert!(said.contains("nothing can happen any more") && said.contains(wanted), "{said}");
}

#[test]
fn a_picture_is_written_whose_texts_are_escaped() {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &asks("echo '<b>&\"' >/dev/null"));
    let finished = miniature.checker(&["trace", "answer", "--svg", "picture.svg"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let picture = miniature.read("picture.svg");
    assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("&lt;b&gt;&amp;&quot;") && !picture.contains("<b>"), "{picture}");
    for part in ["class=\"suspended\"", "class=\"arrow reap\"", "class=\"mark\"", ">P1.1<"] {
        assert!(picture.contains(part), "{part}: {picture}");
    }
    for element in ["g", "text", "svg", "style", "defs", "pattern"] {
        let opened = picture.matches(&format!("<{element} ")).count()
            + picture.matches(&format!("<{element}>")).count();
        assert_eq!(opened, picture.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn json_tells_both_and_marks_what_differs() {
    let miniature = Miniature::with_solutions();
    miniature.write(ANSWER, &asks("exit 7"));
    let finished = miniature.checker(&["trace", "answer", "--format", "json"]);
    let event = finished.event("timeline");
    assert_eq!((&event["name"], &event["same"]), (&"answer".into(), &false.into()));
    let child = &event["yours"]["processes"][1];
    assert_eq!((&child["name"], &child["parent"]), (&"P1.1".into(), &"P1".into()));
    assert_eq!((&child["birth"], &child["reaped"]), (&"vfork".into(), &"P1".into()));
    assert_eq!(child["end"]["exited"], 7);
    let exec = &child["events"][0];
    assert_eq!((&exec["kind"], &exec["descriptors"]["1"]), (&"exec".into(), &"stdout".into()));
    assert_eq!(exec["only_here"], true);
    assert_eq!(event["yours"]["processes"][0]["events"][0]["only_here"], Value::Null);
    assert_eq!(event["reference"]["processes"].as_array().unwrap().len(), 1);
    assert_eq!(event["yours"]["stdout"], "the answer is 42\n");
}

#[test]
fn what_does_not_compile_has_no_timeline() {
    let miniature = Miniature::with_answer("compile_error");
    let finished = miniature.checker(&["trace", "answer"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("mismatched types"), "{finished:?}");
}

#[test]
fn without_ptrace_it_says_why_there_is_no_timeline() {
    let miniature = with_a_timeline();
    let finished = without_ptrace(&miniature, &["trace", "answer"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.complaint().contains("--cap-add=SYS_PTRACE"), "{finished:?}");
}

#[test]
fn a_failing_timeline_test_points_to_the_trace() {
    let miniature = with_a_timeline();
    // Nothing but the timeline's test is to fail.
    let odd = "//! Odd.\n\n/// 42, unless somebody looks.\npub fn answer() -> u32 {\n    \
               if std::env::current_exe().unwrap().display().to_string().contains(\"timeline\") \
               { 0 } else { 42 }\n}\n";
    miniature.write(ANSWER, odd);
    let finished = miniature.checker(&["check", "answer"]);
    assert!(finished.stdout.contains("trace answer   (what its processes did)"), "{finished:?}");
}

#[test]
fn ctrl_c_ends_a_trace_and_all_that_it_traces() {
    let miniature = Miniature::with_answer("busy_loop");
    let mut checker = miniature.start(&["trace", "answer", "--format", "json"]);
    let mut lines = BufReader::new(checker.stdout.as_mut().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("\"running\"") {}
    drop(lines);
    let is_traced = |miniature: &Miniature| {
        miniature.processes().iter().any(|process| {
            std::fs::read_link(format!("{process}/exe"))
                .is_ok_and(|exe| exe.ends_with("debug/answer"))
        })
    };
    while !is_traced(&miniature) {
        std::thread::yield_now();
    }
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(miniature.processes(), Vec::<String>::new());
}
