//! `spawn` on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// A caller of `spawn` that tells what came of it, and what has changed in the caller.
fn caller(program: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_spawn_scenes")).args(["on-trial", program])
}

#[rstest]
#[case::of_a_program("guest", "exited 7")]
#[case::of_a_program_that_is_missing("/nothing/here", "error ENOENT")]
fn an_interrupted_call_is_made_again(#[case] program: &str, #[case] outcome: &str) {
    let trial = caller(program).interrupted().expect("this machine allows tracing");
    let expected = format!("{outcome}\nchanged: \nchildren left: none\n");
    let seen = trial.undisturbed.stdout.trim_end().to_owned();
    require!(trial.undisturbed.stdout == expected,
        expected: "the start of `{program}` without any interruption to come to this: {outcome}",
        seen: "{seen}",
        likely: "see tests/spawn.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(&format!("the start of `{program}`"), "EINTR is taken for the answer: the call is to be made again. A `read` that was interrupted is not the end-of-file that says that exec worked");
}

#[test]
fn a_call_that_fails_is_the_error_and_nothing_is_left() {
    let trial = caller("guest").short_of_everything().expect("this machine allows tracing");
    trial.has_calls(
        3,
        "`spawn` to make a pipe, a child and some descriptors on its way",
        "see tests/spawn.rs first",
    );
    for disturbed in &trial.disturbed {
        let Disturbed { site, errno, timeline } = disturbed;
        let seen = timeline.stdout.trim_end();
        // Without close_range(2), which is not on every machine, the same can be done in another way.
        let done_otherwise =
            site.call == "close_range" && timeline.stdout == trial.undisturbed.stdout;
        let told = timeline.stdout == format!("error {errno:?}\nchanged: \nchildren left: none\n");
        require!(told || done_otherwise,
            expected: "error {errno:?} from `spawn` when {disturbed}, and nothing changed in the caller",
            seen: "{seen}",
            likely: "the result of {site} is not looked at; or what was made or changed before it (a descriptor, a child, the signal mask) stays",
            read: "README, the task: After an error nothing is left of the child",
            timeline: timeline,
        );
    }
}

#[rstest]
#[case::of_a_program("guest", "exited 7")]
#[case::of_a_program_that_is_missing("/nothing/here", "error ENOENT")]
fn other_threads_see_no_change(#[case] program: &str, #[case] outcome: &str) {
    let seen = caller(program).meanwhile().expect("this machine allows tracing");
    let stdout = seen.timeline.stdout.trim_end();
    require!(stdout.starts_with(outcome),
        expected: "the start of `{program}` to come to this: {outcome}",
        seen: "{stdout}",
        likely: "see tests/spawn.rs first",
        read: "README, the task",
    );
    seen.changes_nothing(
        &format!("the start of `{program}`"),
        "something is changed in the caller before the fork and set back after it; a disposition, a descriptor, \
         the directory belong to all threads. Do it in the child",
        "README, the task; signal(7), Signal dispositions; hint 5",
    );
}
