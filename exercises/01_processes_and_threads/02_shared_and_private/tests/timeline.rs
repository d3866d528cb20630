//! What the kernel saw, and bad days: each call interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;

fn scenes(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_shared_scenes")).args(args.iter().copied())
}

#[rstest]
#[case::to_a_thread(&["order", "thread"], "answer 7")]
#[case::to_a_child(&["order", "process"], "answer 7")]
#[case::to_a_child_that_gives_no_answer(&["look-ends", "killed"], "error\nanswer 6")]
fn an_interrupted_call_is_made_again(#[case] scene: &[&str], #[case] answer: &str) {
    let trial = scenes(scene).interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen.ends_with(&format!("{answer}\nchanged:")),
        expected: "without any interruption: {answer}, and nothing left",
        seen: "{seen}",
        likely: "see tests/shared_and_private.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        "a change, and a look on the other side,",
        "EINTR is taken for the answer, or for the word to look: the call is to be made again",
    );
}

#[test]
fn a_child_that_cannot_be_made_is_an_error_and_nothing_is_changed() {
    let trial = scenes(&["short"]).short_of_everything().expect("this machine allows tracing");
    trial.has_calls(1, "a child to be made", "see tests/shared_and_private.rs first");
    for disturbed in &trial.disturbed {
        let (timeline, seen) = (&disturbed.timeline, disturbed.timeline.stdout.trim_end());
        require!(seen == "error\nchanges: 0\nchanged:",
            expected: "when {disturbed}: an error, no change, and nothing left in the caller",
            seen: "{seen}",
            likely: "the change is made before all is there that the other side needs; or the error is unwrapped; or \
                what was made before the call that failed stays",
            read: "src/lib.rs, across: Errors",
            about: "across",
            timeline: timeline,
        );
    }
}

#[rstest]
#[case::of_what_a_child_does_not_see("0", "no")]
#[case::of_what_a_child_sees("9", "yes")]
fn a_cell_that_cannot_be_measured_is_an_error(#[case] resource: &str, #[case] right: &str) {
    let trial = scenes(&["short-cell", resource, "process"]);
    let trial = trial.short_of_everything().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen == format!("{right}\nchanged:"),
        expected: "without any shortage: {right}, and nothing left",
        seen: "{seen}",
        likely: "see tests/shared_and_private.rs first",
        read: "README, the task",
    );
    trial.has_calls(
        2,
        "a child to be made, and a child of that",
        "see tests/shared_and_private.rs first",
    );
    for disturbed in &trial.disturbed {
        let (timeline, seen) = (&disturbed.timeline, disturbed.timeline.stdout.trim_end());
        require!(seen == "error\nchanged:",
            expected: "when {disturbed}: an error, and nothing left in the caller",
            seen: "{seen}",
            likely: "in the child that measures, an error of the inner `across` or of `Probe::new` is told as a no",
            read: "src/lib.rs, is_seen: Errors",
            about: "is_seen",
            timeline: timeline,
        );
    }
}

#[test]
fn the_inventory_changes_nothing_in_the_caller_not_even_for_a_moment() {
    let seen = scenes(&["inventory"]).meanwhile().expect("this machine allows tracing");
    let stdout = seen.timeline.stdout.trim_end();
    require!(stdout.contains("the offset of an open file  yes yes"),
        expected: "an inventory",
        seen: "{stdout}",
        likely: "see tests/shared_and_private.rs first",
        read: "README, the task",
    );
    seen.changes_nothing(
        "`inventory`",
        "the changes are made in the caller and set back afterwards: let a child make them",
        "the stub; hint 8",
    );
}

#[test]
fn every_cell_is_measured_and_every_child_reaped() {
    let timeline = Program::new(env!("CARGO_BIN_EXE_shared_and_private"))
        .run_to_its_end(
            "the experiment to come to its end",
            "one side waits for the other for ever",
            "README, the task",
        )
        .of_success();
    let threads: usize = timeline.processes.iter().map(|process| process.threads.len()).sum();
    let children = timeline.processes.len() - 1;
    // One child for each resource, and at least one in which the changes are made.
    require!(threads >= 14 && children >= 15,
        expected: "for each of 14 resources a thread that looks, a child that looks, and a child to make the changes in",
        seen: "{threads} threads, {children} children",
        likely: "cells of the table are written down instead of measured, or are measured in the caller itself",
        read: "README, the task",
        timeline: &timeline,
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}",
        likely: "the answer is read and the child forgotten",
        read: "wait(2), NOTES: zombies",
        timeline: &timeline,
    );
}
