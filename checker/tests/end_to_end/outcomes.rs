//! What a learner's code can do, and the verdict that it gets. Each row is a file in `tests/outcomes`.

use rstest::rstest;
use serde_json::Value;

use crate::miniature::Miniature;

#[rstest]
#[case::right("right", "passed", "")]
#[case::stdin("stdin", "passed", "")]
#[case::orphan_that_ends("orphan_that_ends", "passed", "")]
#[case::orphan_of_a_real_time_signal("orphan_of_a_real_time_signal", "passed", "")]
#[case::compile_error("compile_error", "does_not_compile", "mismatched types")]
#[case::panic("panic", "failed", "the learner's own words")]
#[case::wrong_answer("wrong_answer", "failed", "the answer is 42")]
#[case::not_utf8("not_utf8", "failed", "after bytes that are no text")]
#[case::escapes("escapes", "failed", "owned")]
#[case::segfault("segfault", "crashed", "SIGSEGV")]
#[case::abort("abort", "crashed", "SIGABRT")]
#[case::real_time_signal("real_time_signal", "crashed", "signal 40")]
#[case::stack_overflow("stack_overflow", "crashed", "SIGABRT")]
#[case::deadlock("deadlock", "timed_out", "in futex: waits for a lock")]
#[case::busy_loop("busy_loop", "timed_out", "running, busy on a CPU")]
#[case::endless_output("endless_output", "too_much_output", "16 MiB")]
#[case::one_long_line("one_long_line", "too_much_output", "16 MiB")]
#[case::exit_0("exit_0", "exited_early", "exited with code 0 before the test had run to its end")]
#[case::exit_0_and_forged_output(
    "exit_0_and_forged_output",
    "exited_early",
    "before the test had run to its end"
)]
#[case::exit_0_in_constructor(
    "exit_0_in_constructor",
    "exited_early",
    "before the test had run to its end"
)]
#[case::daemon_holding_stdout(
    "daemon_holding_stdout",
    "leaked",
    "`sleep` was still running and has been killed"
)]
#[case::daemon("daemon", "leaked", "was still running and has been killed")]
#[case::fork_into_harness("fork_into_harness", "leaked", "a copy of the test program itself")]
#[case::fork_storm("fork_storm", "leaked", "was still running and has been killed")]
#[case::kill_parent("kill_parent", "attacked_supervisor", "getppid")]
#[case::other_output("other_output", "output_differs", "+ the answer is 43")]
fn a_solution_gets_its_verdict(#[case] name: &str, #[case] verdict: &str, #[case] phrase: &str) {
    let miniature = Miniature::with_answer(name);
    let finished = miniature.checker(&["check", "answer", "--format", "json"]);
    let judged = finished.event("verdict");
    assert_eq!(judged["verdict"], verdict, "{judged:#}");
    assert_eq!(finished.code, Some(i32::from(verdict != "passed")));
    assert!(says(&judged, phrase), "`{phrase}` is not said in {judged:#}");
}

/// Whether the judgement's message or the first unpassed test's contains the phrase.
fn says(judged: &Value, phrase: &str) -> bool {
    let tests = judged["tests"].as_array().unwrap();
    let first = tests.iter().find(|test| test["outcome"] != "passed");
    let messages = [Some(&judged["message"]), first.map(|test| &test["message"])];
    phrase.is_empty()
        || messages.iter().flatten().filter_map(|m| m.as_str()).any(|m| m.contains(phrase))
}

#[test]
fn a_pass_lists_every_test_and_the_experiment() {
    let judged = Miniature::with_answer("right").judge_answer();
    let tests = judged["tests"].as_array().unwrap();
    let names: Vec<&str> = tests.iter().map(|test| test["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["it_is_even", "it_is_42", "the experiment prints what the reference's prints"]
    );
}

#[test]
fn a_report_for_people_shows_escapes_and_does_not_send_them() {
    let finished = Miniature::with_answer("escapes").checker(&["check", "answer"]);
    assert!(!finished.stdout.contains('\x1b'), "{}", finished.stdout);
    assert!(finished.stdout.contains("␛[2J"), "{}", finished.stdout);
}

#[test]
fn a_timeout_names_the_test_and_its_thread() {
    let judged = Miniature::with_answer("deadlock").judge_answer();
    let test = &judged["tests"][0];
    assert_eq!((&test["name"], &test["outcome"]), (&"it_is_even".into(), &"timed_out".into()));
    assert!(test["message"].as_str().unwrap().contains("thread `it_is_even`"), "{test:#}");
}
