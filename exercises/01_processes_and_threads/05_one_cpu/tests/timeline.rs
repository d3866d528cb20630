//! What the kernel saw of a run: who was continued when, and that each stop was confirmed. Needs ptrace(2).

use std::collections::BTreeMap;

use nix::libc;
use rstest::rstest;
use testkit::require;
use tracer::{Answer, Event, Program, Timeline};

#[track_caller]
fn timeline(args: &[&str]) -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_cpu_scenes")).arg("--traced");
    let program = program.args(args.iter().copied());
    program
        .run_to_its_end(
            "the jobs to take turns and to end",
            "wait: `run` waits for a stop that nobody has asked for, or for a job that is stopped; \
                another call: news of a job, or its meter, do not end the sleep",
            "README, Turn; hints 3 and 4",
        )
        .of_success()
}

/// The policy heard all that there is to hear.
#[track_caller]
fn require_heard(timeline: &Timeline, expected: &str) {
    let lines: Vec<&str> = timeline.stdout.lines().take(expected.lines().count()).collect();
    let first = lines.join("\n");
    require!(first.starts_with(expected),
        expected: "{expected}",
        seen: "{first}",
        likely: "see tests/one_cpu.rs first",
        read: "README, the task",
    );
}

const JOBS: [&str; 3] = ["use-up block exit=1", "block use-up exit=2", "block die=9"];
const HEARD: &str = "heard: 0 arrived, 1 arrived, 2 arrived, 0 expired, 1 blocked, 1 arrived, 2 blocked, 2 arrived, \
    0 blocked, 0 arrived, 1 expired, 2 ended, 0 ended, 1 ended";

/// How often something was said of each child, in all lists.
fn counts<'a>(
    timeline: &'a Timeline,
    what: impl Fn(&'a Event) -> Option<&'a str>,
) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in timeline.lists().flat_map(|(_, events)| events).filter_map(what) {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn continued(event: &Event) -> Option<&str> {
    match event {
        Event::Kill { target, signal: libc::SIGCONT, .. } => Some(target),
        _ => None,
    }
}

fn confirmed(event: &Event) -> Option<&str> {
    match event {
        Event::Wait { answer: Answer::Stopped { child, .. }, .. } => Some(child),
        _ => None,
    }
}

#[test]
fn a_job_is_continued_as_often_as_its_stop_was_confirmed() {
    let timeline = timeline(&JOBS);
    require_heard(&timeline, HEARD);
    let (goes, stops) = (counts(&timeline, continued), counts(&timeline, confirmed));
    let expected = BTreeMap::from([("P1.1", 3), ("P1.2", 3), ("P1.3", 2)]);
    // One that only looks (WNOWAIT) is told of a stop, too.
    let is_confirmed = expected.iter().all(|(job, count)| stops.get(job) >= Some(count));
    require!(is_confirmed && goes == expected,
        expected: "three jobs to be continued once for each stop that waitpid has told of: {expected:?}",
        seen: "stops that were confirmed: {stops:?}; SIGCONT: {goes:?}",
        likely: "a stop is read in `/proc`, or taken for granted; or a signal is sent for nothing",
        read: "wait(2), WUNTRACED; README, Turn; hint 4",
        about: "run",
        timeline: &timeline,
    );
}

#[rstest]
#[case::with_turns_of_all_kinds(&JOBS, HEARD)]
#[case::of_jobs_that_all_use_their_slices_up(
    &["use-up exit=1", "use-up exit=2"],
    "heard: 0 arrived, 1 arrived, 0 expired, 1 expired, 0 ended, 1 ended",
)]
fn at_no_moment_two_jobs_may_run(#[case] jobs: &[&str], #[case] heard: &str) {
    let timeline = timeline(jobs);
    require_heard(&timeline, heard);
    let root = timeline.root();
    // Events of several threads have no order among each other.
    if !root.threads.is_empty() {
        return;
    }
    let mut on: Option<&str> = None;
    for event in &root.events {
        let goes_on = match event {
            Event::Birth { child, .. } => Some(child.as_str()),
            Event::Kill { target, signal: libc::SIGCONT, .. } => Some(target.as_str()),
            _ => None,
        };
        if let (Some(on), Some(goes_on)) = (on, goes_on) {
            require!(
                expected: "{on} to be stopped, and its stop to be confirmed by waitpid, before {goes_on} goes on",
                seen: "P1: {event}",
                likely: "SIGSTOP was sent, and nobody has waited until it arrived; or the jobs are started together",
                read: "signal(7); wait(2), WUNTRACED; README, Start and Turn; hint 4",
                about: "run",
                timeline: &timeline,
            );
        }
        on = goes_on.or(on);
        if let Event::Wait {
            answer: Answer::Stopped { child, .. } | Answer::Reaped { child, .. },
            ..
        } = event
            && on == Some(child)
        {
            on = None;
        }
    }
}

#[rstest]
#[case::when_all_goes_well(&JOBS, HEARD)]
#[case::when_a_job_is_killed_while_it_waits(
    &["--only-the-end", "kill=1+block exit=1", "exit=2"],
    "ended: exited 1, killed 9",
)]
#[case::when_the_policy_names_one_that_has_ended(
    &["--policy=0,0,1", "exit=1", "exit=2"],
    "heard: 0 arrived, 1 arrived, 0 ended\nfailed: ",
)]
#[case::when_run_fails(&["block", "missing"], "heard: none\nfailed: entity not found")]
fn signals_go_to_jobs_that_are_there_and_all_are_reaped(
    #[case] args: &[&str],
    #[case] heard: &str,
) {
    let timeline = timeline(args);
    require_heard(&timeline, heard);
    let root = timeline.root();
    let mut reaped: Vec<&str> = Vec::new();
    for event in &root.events {
        if let Event::Wait { answer: Answer::Reaped { child, .. }, .. } = event {
            reaped.push(child);
        }
        let Event::Kill { target, .. } = event else { continue };
        let is_a_job_that_lives = target.starts_with("P1.") && !reaped.contains(&target.as_str());
        require!(is_a_job_that_lives || target == "itself",
            expected: "signals to jobs that have not been reaped: from then on the number may be another process's",
            seen: "P1: {event}",
            likely: "the pid of a job is kept when it has ended; or a signal goes to a group, or to everybody",
            read: "wait(2), NOTES; kill(2); README, Errors",
            about: "run",
            timeline: &timeline,
        );
    }
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every job to be waited for",
        seen: "nobody has waited for {names}",
        likely: "a job that was killed, or that could not be started, is left as a zombie",
        read: "wait(2), NOTES: zombies; README, Afterwards",
        about: "run",
        timeline: &timeline,
    );
}
