//! A machine that does not allow tracing, as some containers do not: tests that need it are skipped.

use crate::miniature::{ANSWER, Finished, Miniature, outcome};
use crate::refusals::{NUMBER, instruction, refuse};

const TEST: &str = "#[test]\nfn the_kernel_sees_42() {\n    assert_eq!(answer::answer(), 42);\n}\n";

/// The miniature with a test target that needs ptrace, pinned.
pub fn with_a_timeline() -> Miniature {
    let miniature = Miniature::new();
    miniature.write("exercises/01_part/01_answer/tests/timeline.rs", TEST);
    let curriculum = "exercises/curriculum.toml";
    miniature.replace(curriculum, "points = 3", "points = 3\nneeds = { timeline = \"ptrace\" }");
    assert_eq!(miniature.checker(&["pin"]).code, Some(0));
    miniature.write(ANSWER, &outcome("right"));
    miniature
}

pub fn without_ptrace(miniature: &Miniature, args: &[&str]) -> Finished {
    let mut command = miniature.command(args);
    let ptrace = libc::SYS_ptrace as u32;
    refuse(
        &mut command,
        &[
            instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, NUMBER),
            instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, ptrace),
            instruction(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
            instruction(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW),
        ],
    );
    Finished::of(command.output().unwrap())
}

#[test]
fn a_test_that_needs_ptrace_is_skipped_by_name_with_the_reason_and_is_no_pass() {
    let miniature = with_a_timeline();
    let finished = without_ptrace(&miniature, &["check", "answer", "--format", "json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let judged = finished.event("verdict");
    assert_eq!(judged["verdict"], "skipped", "{judged:#}");
    let tests = judged["tests"].as_array().unwrap();
    let of = |target: &str| tests.iter().find(|test| test["target"] == target).unwrap();
    assert_eq!(of("timeline")["outcome"], "skipped");
    assert_eq!(of("timeline")["name"], "the_kernel_sees_42");
    assert!(of("timeline")["message"].as_str().unwrap().contains("--cap-add=SYS_PTRACE"));
    assert_eq!(of("answer")["outcome"], "passed");
    assert_eq!(of("experiment")["outcome"], "passed", "what can be judged is judged");
}

#[test]
fn a_skip_is_shown_to_people_too() {
    let miniature = with_a_timeline();
    let finished = without_ptrace(&miniature, &["check", "answer"]);
    assert!(finished.stdout.contains("- the_kernel_sees_42"), "{finished:?}");
    assert!(finished.stdout.contains("does not allow tracing"), "{finished:?}");
    assert!(!finished.stdout.contains('✗'), "{finished:?}");
}

#[test]
fn a_skip_is_not_remembered_where_tracing_is_allowed_again() {
    let miniature = with_a_timeline();
    without_ptrace(&miniature, &["check", "answer"]);
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
}

#[test]
fn a_skip_hides_no_failure() {
    let miniature = with_a_timeline();
    miniature.write(ANSWER, &outcome("wrong_answer"));
    let finished = without_ptrace(&miniature, &["check", "answer", "--format", "json"]);
    assert_eq!(finished.event("verdict")["verdict"], "failed");
}

#[test]
fn the_doctor_says_what_is_lost() {
    let miniature = with_a_timeline();
    let finished = without_ptrace(&miniature, &["doctor"]);
    let said = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("no tracing: Operation not permitted"), "{said}");
    assert!(said.contains("tests of answer are skipped"), "{said}");
    assert!(said.contains("--cap-add=SYS_PTRACE"), "{said}");
}
