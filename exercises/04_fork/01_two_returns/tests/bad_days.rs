//! A bad day: each call interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;

const TURNS: &str = env!("CARGO_BIN_EXE_turn_scenes");
const FORKS: &str = env!("CARGO_BIN_EXE_fork_scenes");

#[rstest]
#[case::of_wait_for(FORKS, &["sleep"], "exited 0")]
#[case::of_a_child_that_waits_for_its_turn(TURNS, &["on-trial", "parent"], "exited 5")]
#[case::of_a_parent_that_waits_for_its_turn(TURNS, &["on-trial", "child"], "the child's turn is over: true\nexited 5")]
fn an_interrupted_call_is_made_again(
    #[case] program: &str,
    #[case] scene: &[&str],
    #[case] outcome: &str,
) {
    let program = Program::new(program).args(scene.iter().copied());
    let trial = program.interrupted().expect("this machine allows tracing");
    let undisturbed = trial.undisturbed.stdout.trim_end();
    let ends_well =
        |output: &str| output.contains(outcome) && output.ends_with("children left: none\n");
    require!(ends_well(&trial.undisturbed.stdout),
        expected: "the scene {scene:?} without any interruption to end with {outcome} and no child",
        seen: "{undisturbed}",
        likely: "see the other tests first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        &format!("the scene {scene:?}"),
        "EINTR is taken for the answer: the call is to be made again",
    );
}

#[test]
fn a_fork_that_fails_is_the_error_and_changes_nothing() {
    let program = Program::new(FORKS).arg("short");
    let trial = program.short_of_everything().expect("this machine allows tracing");
    trial.has_calls(1, "`fork_child` to make a child", "see the other tests first");
    for disturbed in &trial.disturbed {
        let errno = disturbed.errno;
        let wanted = format!("error: Some({errno:?})\nchanged: \nchildren left: none\n");
        let (timeline, seen) = (&disturbed.timeline, disturbed.timeline.stdout.trim_end());
        require!(timeline.stdout == wanted,
            expected: "the error {errno:?} when {disturbed}, no child, and nothing changed in the caller",
            seen: "{seen}",
            likely: "the error of fork is not passed on, or what was prepared before it stays",
            read: "README, the task; src/lib.rs, fork_child",
            timeline: timeline,
        );
    }
}

#[rstest]
#[case::the_parent("parent")]
#[case::the_child("child")]
fn an_order_that_cannot_be_had_is_an_error_and_changes_nothing(#[case] first: &str) {
    let program = Program::new(TURNS).args(["short", first]);
    let trial = program.short_of_everything().expect("this machine allows tracing");
    trial.has_calls(1, "`in_order` to make a child", "see the other tests first");
    for disturbed in &trial.disturbed {
        let errno = disturbed.errno;
        let wanted = format!("error: Some({errno:?}); turns: \nchanged: \nchildren left: none\n");
        let (timeline, seen) = (&disturbed.timeline, disturbed.timeline.stdout.trim_end());
        require!(timeline.stdout == wanted,
            expected: "the error {errno:?} when {disturbed}, no turn, no child, and nothing changed in the caller",
            seen: "{seen}",
            likely: "what was made before the call that failed stays, or its error is not passed on",
            read: "src/lib.rs, in_order",
            timeline: timeline,
        );
    }
}
