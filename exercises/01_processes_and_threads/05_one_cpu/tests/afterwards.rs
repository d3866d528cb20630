//! When `run` fails, is ended by SIGTERM, or unwinds: nobody is left behind, and the caller is as before.

mod common;

use common::{in_words, observe, require_lines};
use rstest::rstest;
use testkit::program::Ending;
use testkit::require;

const NOTHING: [&str; 3] = ["amiss: none", "nothing is changed", "no child is left"];

const LEFT: &str = "arrived => the policy hears of jobs before all are started
left: Ok => after an error every job that still lives is killed (SIGKILL, which reaches it \
    though it is stopped) and waited for
changed: => something of the caller's is not set back when `run` fails: a guard with a destructor does it on each way out";

#[rstest]
#[case::the_first(&["missing", "block exit=1"], "entity not found")]
#[case::the_second(&["block exit=1", "missing"], "entity not found")]
#[case::the_last_of_three(&["exit=1", "block", "directory"], "permission denied")]
fn a_job_that_cannot_be_started_fails_run_and_the_others_are_gone(
    #[case] jobs: &[&str],
    #[case] error: &str,
) {
    let failed = format!("failed: {error}");
    require_lines(
        jobs,
        &[&["heard: none", failed.as_str()], &NOTHING[..]].concat().join("\n"),
        LEFT,
        "README, Errors and Afterwards; hint 5",
    );
}

#[rstest]
#[case::nobody("0,nobody", "heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived")]
#[case::nobody_at_the_first_turn("nobody", "heard: 0 arrived, 1 arrived")]
#[case::no_job("1,far", "heard: 0 arrived, 1 arrived, 1 blocked, 1 arrived")]
#[case::one_more_than_there_are("2", "heard: 0 arrived, 1 arrived")]
#[case::a_job_that_has_ended("0,0,0", "heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived, 0 ended")]
#[case::a_job_that_it_has_reaped_itself(
    "1,steal",
    "heard: 0 arrived, 1 arrived, 1 blocked, 1 arrived"
)]
#[case::a_slice_of_zero("0,no-time", "heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived")]
fn a_policy_that_names_what_it_must_not_fails_run(#[case] script: &str, #[case] heard: &str) {
    let policy = format!("--policy={script}");
    // The kind of the error is yours to choose.
    let observed = observe(&["--any-error", &policy, "block exit=1", "block exit=2"]);
    let seen = in_words(&observed);
    let expected = [&[heard, "failed"], &NOTHING[..]].concat().join("\n");
    require!(observed.ending == Ending::Exited(0) && seen == expected,
        expected: "a policy that says {script} to make `run` fail:\n{expected}",
        seen: "{seen}",
        likely: "what the policy says is not checked: `None` while jobs wait is no end, a number may be out of range, and the pid of a job that has ended may be another process's; or jobs are left when `run` fails, or cleaning up ends at its first error",
        read: "README, Errors; hint 5",
        about: "run",
    );
}

#[test]
fn a_panic_of_the_policy_goes_on_when_nobody_is_left() {
    require_lines(
        &["--policy=0,1,panic", "block exit=1", "block exit=2", "exit=0"],
        &[
            &[
                "heard: 0 arrived, 1 arrived, 2 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived",
                "panicked: the policy panics (on purpose)",
            ],
            &NOTHING[..],
        ]
        .concat()
        .join("\n"),
        "left: Ok => a panic unwinds through `run`: only destructors clean up on that way
changed: => a panic unwinds through `run`: only destructors set back what is the caller's",
        "README, Afterwards; https://doc.rust-lang.org/std/ops/trait.Drop.html; hint 5",
    );
}

#[rstest]
#[case::while_a_job_runs(&["block", "term"])]
#[case::while_the_first_job_runs(&["term", "block", "block"])]
#[case::while_a_job_is_started(&["block", "rings then block", "block"])]
#[case::while_the_first_job_is_started(&["rings then block", "block"])]
#[case::while_the_policy_is_told(&["--sigterm-in=0 blocked", "block block", "block block"])]
#[case::while_the_policy_hears_of_the_last_job(&["--sigterm-in=1 arrived", "block", "block"])]
#[case::while_the_policy_is_asked(&["--sigterm-in=turn of 1", "block", "block exit=0"])]
#[case::while_the_policy_panics(&["--policy=0,term-and-panic", "block", "block exit=0"])]
#[case::while_a_job_takes_its_time_to_stop(&["block stop-never-and-term", "block block"])]
fn sigterm_kills_the_caller_when_nobody_is_left(#[case] args: &[&str]) {
    require_lines(
        &[&["outlived"], args].concat(),
        "the caller: killed 15\nleft: none",
        "is stopped => the caller dies of SIGTERM at once, and its jobs stay stopped for ever: block SIGTERM (or handle it) before \
         the first job is started, kill and reap them, and then let the signal do what it does
nobody has waited for => the jobs are killed, but not waited for
exited => the signal is taken, and does not do what it does in the caller: raise it again when the mask is as before
TimedOut => while `run` waits for a stop, too, SIGTERM has to end it: a job may take its time to stop
one that runs => a job is left running",
        "README, SIGTERM; signal(7); hint 6",
    );
}

#[rstest]
#[case::while_a_job_runs(&["block", "term"])]
#[case::while_a_job_is_started(&["block", "rings then block", "block"])]
#[case::while_the_policy_is_asked(&["--sigterm-in=turn of 0", "block", "block"])]
#[case::while_the_policy_hears_of_the_last_end(&["--sigterm-in=0 ended", "block exit=0", "exit=0"])]
fn sigterm_is_handled_once_by_the_caller_and_run_fails(#[case] args: &[&str]) {
    // What the policy heard after the signal had come is not looked at.
    require_lines(
        &[&["outlived", "--sigterm=handled", "--only-the-end", "--then-another"], args].concat(),
        "failed: operation interrupted\namiss: none\nhandled: 1\nthen another: ended: exited 3\n\
         nothing is changed\nno child is left\nthe caller: exited 0\nleft: none",
        "handled: 0 => the signal is taken (read from a descriptor, or by a handler of `run`), and the caller's handler never runs: \
         raise it again when the mask is as before
another: failed => what says that SIGTERM has come outlives the call: another `run` fails at once
handled: 2 => the caller's handler runs twice: the signal was still pending when it was raised again
ended: => `run` goes on after SIGTERM; with a handler of the caller's, too, it ends and fails",
        "README, SIGTERM; hint 6",
    );
}

#[test]
fn where_sigchld_is_ignored_run_fails_or_sees_to_it_and_nobody_is_left() {
    let options = ["--any-error", "--sigchld=ignored", "--only-the-end"];
    let observed = observe(&[&options[..], &["block exit=1", "block exit=2"]].concat());
    let seen = in_words(&observed);
    let with = |outcome: &str| format!("{outcome}\n{}", NOTHING.join("\n"));
    let (fails, succeeds) = (with("failed"), with("ended: exited 1, exited 2"));
    require!(observed.ending == Ending::Exited(0) && (seen == fails || seen == succeeds),
        expected: "`run` to fail, or to keep the endings by setting SIGCHLD meanwhile, and to leave nobody:\n{fails}",
        seen: "{seen}",
        likely: "an ending is made up where `waitpid` fails with ECHILD; or `run` waits for a SIGCHLD that never comes; or it does not end because a wait for a job that is gone fails; or SIGCHLD is not set back",
        read: "wait(2), NOTES; README, Errors",
        about: "run",
    );
}

#[test]
fn run_may_be_called_again() {
    require_lines(
        &["--twice", "block exit=1", "block expire exit=2"],
        &[
            &[
                "heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 ended, 1 expired, 1 ended",
                "ended: exited 1, exited 2",
            ],
            &NOTHING[..],
        ]
        .concat()
        .join("\n"),
        "something of the first call is still there: a static, a timer, a handler, a mask",
        "README, Afterwards",
    );
}
