//! `run`, with real processes. `src/bin/cpu_scenes.rs` calls it with the jobs that are given here, each as the steps of
//! its turns (`src/job.rs`), and a policy of its own; the policy writes down what it hears. Each job looks
//! around when its turn begins, and so does the policy whenever it is asked or told something: every
//! other job has to be stopped by then.

mod common;

use common::{observe, require_lines};
use rstest::rstest;
use testkit::require;

/// The policy hears this, the jobs end so, and nothing else is amiss.
#[track_caller]
fn require_scene(args: &[&str], heard: &str, outcome: &str, likely: &str, read: &str) {
    let expected =
        format!("heard: {heard}\n{outcome}\namiss: none\nnothing is changed\nno child is left");
    require_lines(args, &expected, likely, read);
}

// One at a time.

#[test]
fn a_job_is_stopped_until_its_turn_comes_and_then_goes_on() {
    require_scene(
        &["exit=3"],
        "0 arrived, 0 ended",
        "ended: exited 3",
        "TimedOut => the job is never continued (SIGCONT), or it is waited for before that; or `spawn` waits for a job \
         that has stopped itself before it execs, and never returns: stop it from outside, when it has started
was not stopped => the policy hears of the job before it is stopped: it is to be stopped (SIGSTOP) when it has started
failed => an error where there is none: if SIGCHLD is ignored, the kernel keeps no status",
        "README, Start; signal(7); hint 3",
    );
}

#[test]
fn without_jobs_nobody_is_asked() {
    // The script would name a job.
    require_scene(
        &["--policy=0"],
        "none",
        "ended: none",
        "the policy is asked before it is clear that there is a job; or to have no jobs is an error",
        "README, Errors",
    );
}

#[test]
fn jobs_end_one_after_another_and_each_in_its_own_turn() {
    require_scene(
        &["exit=1", "exit=2", "exit=0"],
        "0 arrived, 1 arrived, 2 arrived, 0 ended, 1 ended, 2 ended",
        "ended: exited 1, exited 2, exited 0",
        "had a turn while => two jobs are continued at the same time
a job is not stopped when the first turn begins",
        "README, Start and Turn",
    );
}

#[test]
fn the_answers_are_in_the_order_of_the_jobs_whatever_the_order_of_the_turns() {
    require_scene(
        &["--policy=stack", "exit=1", "block exit=2", "exit=3"],
        "0 arrived, 1 arrived, 2 arrived, 2 ended, 1 blocked, 1 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2, exited 3",
        "the endings are kept in the order in which they came; or `run` has an order of its own and does not ask \
         the policy for every turn",
        "README, Turn",
    );
}

#[test]
fn a_job_that_stops_by_itself_is_blocked_and_arrives_again_at_once() {
    require_scene(
        &["block block exit=1", "block exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "TimedOut => nobody notices that the job has stopped: `waitpid` tells of a stop only with WUNTRACED, and \
         `Child::wait` never does
no ending => a stop is taken for an end: WIFSTOPPED
a job that has stopped is told as blocked, and at once as arrived: it is ready again, and waits for its next turn",
        "wait(2), WUNTRACED; README, Turn; hint 3",
    );
}

#[rstest]
#[case::by_the_stop_of_a_terminal(20)]
#[case::by_a_read_in_the_background(21)]
#[case::by_a_write_in_the_background(22)]
fn a_job_may_stop_by_any_of_the_signals_that_stop(#[case] signal: i32) {
    let turns = format!("block-by={signal} exit=1");
    require_scene(
        &[&turns, "exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "only SIGSTOP is taken for a stop: SIGTSTP, SIGTTIN and SIGTTOU stop a process, too",
        "signal(7), Stop",
    );
}

#[rstest]
#[case::by_an_exit("exit=255", "exited 255")]
#[case::by_its_own_signal("die=15", "killed 15")]
#[case::by_sigkill("die=9", "killed 9")]
#[case::by_a_real_time_signal("die=40", "killed 40")]
fn a_job_that_ends_inside_its_slice_does_not_hold_the_others_up(
    #[case] turn: &str,
    #[case] ending: &str,
) {
    let turns = format!("block {turn}");
    let expected = format!("ended: {ending}, exited 0");
    require_scene(
        &[&turns, "block block exit=0"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 ended, 1 blocked, 1 arrived, 1 ended",
        &expected,
        "TimedOut => `run` sleeps to the end of the slice (it is an hour here): it has to wake up for news of the job, too
failed => an ending is taken for an error: `nix` has no name for a real-time signal, the raw status has
had a turn while => the others are continued although the job has not ended",
        "README, Turn; wait(2), WIFSIGNALED; hint 3",
    );
}

#[test]
fn many_jobs_take_turns() {
    let observed = observe(&["block block exit=7"; 40]);
    let all = |what: &str| {
        (0..40).map(|job| what.replace('N', &job.to_string())).collect::<Vec<_>>().join(", ")
    };
    let blocked = all("N blocked, N arrived");
    let heard = format!("heard: {}, {blocked}, {blocked}, {}", all("N arrived"), all("N ended"));
    let ended = format!("ended: {}", ["exited 7"; 40].join(", "));
    let rest = ["amiss: none", "nothing is changed", "no child is left"];
    let expected: Vec<&str> = [&[heard.as_str(), &ended], &rest[..]].concat();
    let seen = observed.lines();
    let first = (0..expected.len()).find(|line| seen.get(*line) != Some(&expected[*line]));
    let Some(line) = first else { return };
    let (expected, seen) =
        (expected[line], seen.get(line).copied().unwrap_or(observed.stuck.trim_end()));
    // Of long lines the place where they part.
    let parts = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
    let (expected, seen) = (parts(expected), parts(seen));
    let same = expected.iter().zip(&seen).take_while(|(expected, seen)| expected == seen).count();
    let some = |parts: &[String]| {
        let until = parts.len().min(same + 4);
        parts[same.saturating_sub(2).min(until)..until].join(", ")
    };
    let (expected, seen) = (some(&expected), some(&seen));
    require!(
        expected: "forty jobs that stop by themselves twice and end: … {expected} …",
        seen: "… {seen} …",
        likely: "something holds for a few jobs only; or, where fewer have a turn, see the tests before this one",
        read: "README, the task",
        about: "run",
    );
}

#[test]
fn a_job_that_ends_before_it_can_be_stopped_has_no_turn() {
    require_scene(
        &["block exit=1", "dies then exit=0", "exit=2"],
        "0 arrived, 2 arrived, 0 blocked, 0 arrived, 2 ended, 0 ended",
        "ended: exited 1, killed 9, exited 2",
        "1 arrived => the first wait may tell of an end: such a job never arrives
TimedOut => `run` waits for the stop of a job that has ended",
        "README, Start; wait(2)",
    );
}

// A stop is confirmed.

#[test]
fn nobody_goes_on_before_the_last_has_stopped() {
    // The first job has been sent its SIGSTOP, and stops only when `run` has come to rest, or has gone on too early.
    require_scene(
        &["block stop-late exit=1", "block exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 expired, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "was not stopped => a signal that is sent has not arrived yet: after SIGSTOP, wait until `waitpid` says that the \
         job has stopped (WUNTRACED), and only then tell the policy and continue the next one
TimedOut => see a_job_whose_slice_is_used_up_is_stopped first",
        "signal(7); wait(2), WUNTRACED; hint 4",
    );
}

// Slices.

#[test]
fn a_job_whose_slice_is_used_up_is_stopped() {
    require_scene(
        &["block expire expire exit=1", "block expire exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 expired, 1 expired, 0 expired, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "far more => nobody looks at the job's meter, or a job that computes is waited for without an end: its slice has \
         to end the sleep, too
less than a slice => the slice is measured on the clock, or its parts are added up wrongly: subtract what the meter \
         said when the turn began
more than it has used => `used` is more than what the meter has gone on in this turn: it is counted from the start of the job, \
         or on the clock",
        "clock_getcpuclockid(3); README, Slice; hint 4",
    );
}

#[test]
fn a_job_that_sleeps_keeps_its_turn() {
    require_scene(
        &["block nap+expire exit=1", "block nap+expire nap+block exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 expired, 1 expired, 0 ended, 1 blocked, \
         1 arrived, 1 ended",
        "ended: exited 1, exited 2",
        "while it slept => the slice is measured on the clock: a job that sleeps uses no CPU time, and its slice is \
         still before it
less than a slice => the slice is measured on the clock",
        "README, Slice; clock_getcpuclockid(3); hint 4",
    );
}

#[test]
fn the_time_of_all_threads_counts() {
    require_scene(
        &["block expire-by-a-thread exit=1", "exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 expired, 0 ended",
        "ended: exited 1, exited 2",
        "the meter is that of the job's first thread, which sleeps here; a process has one for all its threads",
        "clock_getcpuclockid(3); README, Slice",
    );
}

#[test]
fn a_turn_that_ends_early_is_charged_with_what_was_used() {
    require_scene(
        &["work+block block exit=1", "block work+block exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, \
         0 ended, 1 ended",
        "ended: exited 1, exited 2",
        "less than it has used => the meter was read before the job had stopped (or not at all): read it when it stands still
more than it has used => the whole slice is charged, or the time since the start of the job, or that on the clock",
        "README, Turn; src/policy.rs: Blocked",
    );
}

#[test]
fn a_slice_may_be_longer_than_any_sleep() {
    require_scene(
        &["--longest", "work+block exit=1", "work+exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "Duration::MAX does not fit into what the kernel takes for a time, or overflows when something is added to it",
        "README, Slice",
    );
}

#[test]
fn run_sleeps_while_a_job_has_its_turn() {
    require_scene(
        &["watch+block watch+exit=1", "exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "did not sleep => WNOHANG, or the meter, in a loop without a sleep; or a descriptor stays readable, and poll does not \
         sleep",
        "README, Turn; hint 4",
    );
}

#[test]
fn run_sleeps_also_when_little_of_the_slice_is_left() {
    // The slices are of 900 microseconds, and the job sleeps. How many it uses up before that is left open.
    require_lines(
        &["--only-the-end", "sleep-watched+exit=1"],
        "ended: exited 1\namiss: none\nnothing is changed\nno child is left",
        "did not sleep => the time that is left is rounded down to 0 milliseconds, which is no sleep: round it up (poll(2)), or use ppoll",
        "poll(2); README, Turn",
    );
}

// On one CPU, as its command says.

#[rstest]
#[case::of_several(&[])]
#[case::of_one_that_is_not_the_first(&["--last-cpu"])]
fn all_jobs_run_on_one_cpu_that_the_caller_may_use(#[case] option: &[&str]) {
    let args = [option, &["block exit=1", "block exit=2", "exit=0"]].concat();
    require_scene(
        &args,
        "0 arrived, 1 arrived, 2 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 2 ended, 0 ended, 1 ended",
        "ended: exited 1, exited 2, exited 0",
        "several CPUs => the affinity of the jobs is not set: sched_setaffinity(2), which children inherit
may not use => CPU 0 is taken for granted: the caller may be bound to others
changed: affinity => the caller has bound itself, and is not set free again",
        "sched_setaffinity(2); README, Start",
    );
}

// What is not a job.

#[test]
fn other_children_stay_the_callers() {
    let expected = "\
heard: 0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended
ended: exited 1, exited 2
amiss: none
another child: exited 9
another child: exited 5
another child: exited 4
nothing is changed
no child is left";
    require_lines(
        &["--others", "block exit=1", "exit=2"],
        expected,
        "`waitpid(-1)` takes news of any child: one that has ended, or is stopped, and is none of the jobs",
        "wait(2): the value of pid; README, Others",
    );
}

#[test]
fn what_a_job_starts_is_not_stopped_with_it() {
    require_scene(
        &["leave-a-child+block reap+exit=1", "await-the-child+exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "the whole process group is stopped, or a process is stopped that is not a job",
        "kill(2); README, Others",
    );
}

#[test]
fn a_job_may_be_killed_while_it_waits_for_its_turn() {
    // When the policy hears of it is left open.
    require_lines(
        &["--only-the-end", "kill=2+block exit=1", "exit=2", "exit=0"],
        "ended: exited 1, exited 2, killed 9\namiss: none\nnothing is changed\nno child is left",
        "TimedOut => a job that has been killed never stops: a wait has to take its end for an answer
failed => a job that has been killed is an error; its end is an answer like others",
        "README, Others; wait(2)",
    );
}

#[test]
fn a_signal_does_not_disturb_run() {
    require_scene(
        &["interrupt+block interrupt+exit=1", "exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 ended, 0 ended",
        "ended: exited 1, exited 2",
        "EINTR is passed on as an error; it only means: a signal handler ran, call again",
        "signal(7), Interruption of system calls; README, SIGTERM",
    );
}

#[rstest]
#[case::blocked("--sigchld=blocked")]
#[case::handled("--sigchld=handled")]
#[case::handled_but_not_for_stops("--sigchld=no-stops")]
fn whatever_the_caller_does_with_sigchld_stops_and_ends_are_noticed(#[case] option: &str) {
    require_scene(
        &[option, "block exit=1", "block expire exit=2"],
        "0 arrived, 1 arrived, 0 blocked, 0 arrived, 1 blocked, 1 arrived, 0 ended, 1 expired, 1 ended",
        "ended: exited 1, exited 2",
        "TimedOut => `run` waits for SIGCHLD, which does not come for a stop: the caller has set SA_NOCLDSTOP
changed: => SIGCHLD, or the signal mask, is not as it was",
        "sigaction(2), SA_NOCLDSTOP; README, Afterwards",
    );
}
