//! `run` on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use testkit::require;
use tracer::Program;

const WHOLE: &str = "\
heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended
ended: exited 3, exited 4
amiss: none
nothing is changed
no child is left
";

fn scene() -> Program {
    Program::new(env!("CARGO_BIN_EXE_cpu_scenes")).args(["--traced", "block exit=3", "exit=4"])
}

#[test]
fn an_interrupted_call_is_made_again() {
    let trial = scene().interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(trial.undisturbed.stdout == WHOLE,
        expected: "two jobs to take turns:\n{WHOLE}",
        seen: "{seen}",
        likely: "see tests/one_cpu.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        "two jobs that take turns",
        "EINTR is taken for the answer: the call is to be made again",
    );
}

#[test]
fn an_interrupted_call_of_a_run_that_fails_is_made_again_too() {
    let a_second_that_is_missing = ["--traced", "--any-error", "block exit=3", "missing"];
    let program = Program::new(env!("CARGO_BIN_EXE_cpu_scenes")).args(a_second_that_is_missing);
    let trial = program.interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    let end = "failed\namiss: none\nnothing is changed\nno child is left";
    require!(seen.ends_with(end),
        expected: "`run` to fail at the second job, with nobody left:\n{end}",
        seen: "{seen}",
        likely: "see tests/afterwards.rs first",
        read: "README, Errors and Afterwards",
    );
    trial.comes_to_the_same_when_interrupted(
        "a job that is killed because the next one cannot be started",
        "the wait for a job that was killed is interrupted, and not made again: the job is left as a zombie",
    );
}

#[test]
fn what_the_machine_has_no_more_of_fails_run_and_nobody_is_left() {
    let trial = scene().short_of_everything().expect("this machine allows tracing");
    trial.has_calls(2, "two jobs to be started", "see tests/one_cpu.rs first");
    for disturbed in &trial.disturbed {
        let timeline = &disturbed.timeline;
        let seen = timeline.stdout.trim_end();
        let has = |line: &str| seen.lines().any(|seen| seen.starts_with(line));
        let is_told = timeline.stdout == WHOLE || has("failed: ");
        let nobody_is_left =
            has("amiss: none") && has("nothing is changed") && has("no child is left");
        require!(is_told && nobody_is_left,
            expected: "`run` to fail (or to do without), with nobody left and nothing changed in the caller",
            seen: "when {disturbed}: {seen}",
            likely: "a job that was started is left, or something of the caller's is not set back, when a later call fails",
            read: "README, Errors and Afterwards; hint 5",
            about: "run",
            timeline: timeline,
        );
    }
}
