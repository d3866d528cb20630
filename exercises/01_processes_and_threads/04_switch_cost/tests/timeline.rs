//! What the kernel saw, and bad days: each call interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;

fn scenes(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_switch_scenes")).args(args.iter().copied())
}

const WELL: &str =
    "a cost, turns: Ping Pong Ping Pong\nthe caller's CPUs as before: true\nchanged:";

#[rstest]
#[case::of_threads("threads")]
#[case::of_processes("processes")]
fn an_interrupted_call_is_made_again(#[case] between: &str) {
    let trial = scenes(&["on-trial", between]).interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen == WELL,
        expected: "without any interruption:\n{WELL}",
        seen: "{seen}",
        likely: "see tests/switch_cost.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        "a game",
        "EINTR is taken for a turn, for the end of the game, or for the end of a child: the call is to be made again",
    );
}

#[rstest]
#[case::for_threads("threads")]
#[case::for_processes("processes")]
fn what_cannot_be_had_is_an_error_and_nobody_has_a_turn(#[case] between: &str) {
    let trial =
        scenes(&["on-trial", between]).short_of_everything().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen == WELL,
        expected: "where all can be had:\n{WELL}",
        seen: "{seen}",
        likely: "see tests/switch_cost.rs first",
        read: "README, the task",
    );
    for disturbed in &trial.disturbed {
        let (timeline, seen) = (&disturbed.timeline, disturbed.timeline.stdout.trim_end());
        require!(seen == "an error, turns: none\nthe caller's CPUs as before: true\nchanged:",
            expected: "when {disturbed}: an error, no turn, and nothing left in the caller",
            seen: "{seen}",
            likely: "a side begins before all is there that the game needs; or the error is unwrapped; or what was \
                made before the call that failed stays, a side that waits among it",
            read: "src/lib.rs, ping_pong: Errors",
            about: "ping_pong",
            timeline: timeline,
        );
    }
}

#[test]
fn every_game_of_the_experiment_is_played_and_every_child_reaped() {
    let timeline = Program::new(env!("CARGO_BIN_EXE_switch_cost"))
        .run_to_its_end(
            "the experiment to come to its end",
            "one side waits for the other for ever",
            "README, the task",
        )
        .of_success();
    let threads: usize = timeline.processes.iter().map(|process| process.threads.len()).sum();
    let children = timeline.processes.len() - 1;
    // One game, and the five whose median is taken.
    require!(threads >= 6 && children >= 6,
        expected: "six games between threads and six between processes, each with a side that is made for it",
        seen: "{threads} threads, {children} children",
        likely: "a game is not played, or its result is one that was known before",
        read: "README, the task; hint 9",
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}",
        likely: "the report of a child is read, and the child forgotten",
        read: "wait(2), NOTES: zombies",
        timeline: &timeline,
    );
}
