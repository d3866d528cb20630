//! Who dies with whom. The jobs are in `src/job.rs`; `src/bin/supervisor.rs` calls `supervise` and
//! prints what it returns, a line for each job, and then whether a child is left. It leaves out whether core
//! was dumped where the machine decides that; `tests/status.rs` has statuses with and without.

use rstest::rstest;
use testkit::Lesson;
use testkit::program::{Ending, Program};
use testkit::require;

/// Runs a supervisor with these jobs; its report has to be this one, and no child may be left.
#[track_caller]
fn require_report(jobs: &[&str], expected: &[&str], likely: &str, read: &str) {
    let program = Program::new(env!("CARGO_BIN_EXE_supervisor"));
    let observed = jobs.iter().fold(program, |program, job| program.arg(*job)).run();
    let stderr = observed.stderr.trim_start();
    require!(!stderr.contains("not yet implemented"),
        expected: "jobs {jobs:?} to be run and reported",
        seen: "{stderr}",
        likely: "a `todo!` is still there",
        read: "README, the task",
    );
    let mut report = observed.lines();
    let left = report.pop();
    let changed = report.pop();
    if observed.ending != Ending::Exited(0) || report != expected {
        let words = if observed.stderr.is_empty() { "" } else { "\nand on standard error:\n" };
        let seen = match observed.ending {
            Ending::Exited(0) => report.join("\n"),
            ending => format!("the supervisor: {ending:?}{words}{}", observed.stderr),
        };
        Lesson {
            expected: format!("jobs {jobs:?} to be reported as\n{}", expected.join("\n")),
            likely: cause_of(&seen, likely).to_owned(),
            seen,
            read: read.to_owned(),
            ..Lesson::default()
        }
        .fail();
    }
    let left = left.unwrap_or_default();
    require!(left == "children left: none",
        expected: "every child to be reaped when `supervise` returns",
        seen: "{left}",
        likely: "a child that has ended is only looked at (WNOWAIT), or nobody waits for it",
        read: "wait(2), NOTES: zombies",
    );
    let changed = changed.unwrap_or_default();
    require!(changed == "changed: ",
        expected: "nothing to be changed in the caller when `supervise` returns",
        seen: "{changed}",
        likely: "a descriptor or a thread is kept, or a signal's disposition or mask",
        read: "the stub",
    );
}

/// Of causes, a line each, that begin with the sign by which they are known, the one whose sign was seen.
fn cause_of<'a>(seen: &str, likely: &'a str) -> &'a str {
    let known = |cause: &&str| cause.split_once(": ").is_some_and(|(sign, _)| seen.contains(sign));
    likely.lines().find(known).unwrap_or(likely)
}

#[test]
fn no_jobs_give_an_empty_report() {
    require_report(
        &[],
        &[],
        "`supervise` reports on something that is not in its list",
        "README, the task",
    );
}

#[rstest]
#[case::zero("exit 0", "exited 0")]
#[case::three("exit 3", "exited 3")]
#[case::the_largest("exit 255", "exited 255")]
#[case::one_bit_too_many("exit 256", "exited 0")]
#[case::the_main_thread_panics("panic", "exited 101")]
#[case::the_main_thread_returns("main-returns", "exited 0")]
#[case::a_thread_returns("thread-returns", "exited 0")]
#[case::a_thread_panics("thread-panics", "exited 0")]
#[case::a_thread_exits_for_all("thread-exits", "exited 7")]
fn an_exit_is_reported_with_its_code(#[case] job: &str, #[case] expected: &str) {
    require_report(
        &[job],
        &[expected],
        "the code is lost on the way from the wait status to the report",
        "wait(2), WEXITSTATUS; exit_group(2)",
    );
}

#[rstest]
#[case::abort("abort", "signal 6")]
#[case::segfault("segfault", "signal 11")]
#[case::division_by_zero("divide", "signal 8")]
#[case::a_thread_segfaults("thread-segfaults", "signal 11")]
#[case::sigkill_as_by_the_oom_killer("signal 9", "signal 9, core false")]
#[case::sigterm("signal 15", "signal 15, core false")]
#[case::a_real_time_signal("signal 37", "signal 37, core false")]
#[case::the_last_signal("signal 64", "signal 64, core false")]
fn a_death_by_signal_is_reported_with_its_signal(#[case] job: &str, #[case] expected: &str) {
    require_report(
        &[job],
        &[expected],
        "a death by signal has no exit code: `ExitStatus::code()` is None, not 0, -1 or 128+n; \
         and the core flag is a bit of the status: where the report has it, no core was dumped",
        "wait(2), WIFSIGNALED, WCOREDUMP; hint 2",
    );
}

#[test]
fn every_job_is_reported_in_the_order_of_the_jobs() {
    require_report(
        &["signal 9", "exit 1", "abort", "exit 0", "thread-segfaults", "exit 2"],
        &["signal 9, core false", "exited 1", "signal 6", "exited 0", "signal 11", "exited 2"],
        "a death ends the round, or outcomes are kept in the order in which they came",
        "README, the task",
    );
}

#[rstest]
#[case::no_such_file("missing", "error: entity not found")]
#[case::not_a_program("directory", "error: permission denied")]
fn a_job_that_cannot_be_started_is_its_own_error(#[case] job: &str, #[case] expected: &str) {
    require_report(
        &["exit 1", job, "exit 2"],
        &["exited 1", expected, "exited 2"],
        "an error of `spawn` ends the round, or is left out of the report",
        "https://doc.rust-lang.org/std/process/struct.Command.html#method.spawn",
    );
}

#[test]
fn a_job_that_is_stopped_and_continued_has_not_ended() {
    require_report(
        &["stop"],
        &["exited 6"],
        "waitpid is asked for stops as well (WUNTRACED), and a stop is taken for an end",
        "wait(2), WUNTRACED, WIFSTOPPED",
    );
}

#[test]
fn a_signal_does_not_end_the_wait() {
    require_report(
        &["interrupt"],
        &["exited 3"],
        "EINTR is passed on as an error; it only means: a signal handler ran, call again",
        "wait(2), ERRORS; signal(7), Interruption of system calls",
    );
}

#[test]
fn the_supervisor_sleeps_while_it_waits() {
    // The job exits with 1 if it finds the supervisor busy, or asleep by the clock.
    require_report(
        &["watch"],
        &["exited 0"],
        "`try_wait` or WNOHANG in a loop keeps a CPU busy, or comes too late when it naps in between: `wait` sleeps until the child has ended",
        "https://doc.rust-lang.org/std/process/struct.Child.html#method.wait",
    );
}

#[test]
fn the_supervisor_sleeps_beside_children_of_its_caller() {
    require_report(
        &["--others", "watch"],
        &["exited 0", "another child: exit status: 9", "another child: exit status: 4"],
        "it waits for any child (waitid with P_ALL and WNOWAIT): where the caller has one that has ended and is not \
         waited for, that wait returns at once, again and again",
        "wait(2): the value of pid; the stub",
    );
}

#[test]
fn all_jobs_are_started_before_the_first_is_waited_for() {
    // The first job ends only after it has heard from the last, and after that one has ended.
    let others = ["exit 0"; 60];
    require_report(
        &[&["listen"], &others[..], &["speak"]].concat(),
        &[&["exited 4"], &["exited 0"; 60][..], &["exited 0"]].concat(),
        "TimedOut: the first job waits for a word of the last, which is started only after \
         the first has ended; an iterator is lazy, so `collect` the children first. Or only so many run at a time.
Exchanged: outcomes are kept in the order in which they came (waitpid(-1))
exited 101: a job that hears or speaks has lost its streams; leave them as the command has them",
        "wait(2): the value of pid; hint 3",
    );
}

#[test]
fn a_job_that_starts_late_finds_the_first_not_waited_for() {
    // The second comes to its program only when the first has ended and the supervisor sleeps.
    require_report(
        &["speak", "late"],
        &["exited 0", "exited 2"],
        "resource busy: the first job had been waited for while the second was being started: a thread \
         for each job starts it and waits for it; or a loop does, before it starts the next",
        "the stub; hint 3",
    );
}

#[rstest]
#[case::a_command_is_dropped(
    &["listen-to-the-end", "speak"],
    &["exited 4", "exited 0"],
    "the commands live on while it waits, and hold ends of pipes that their jobs have too: for \
     the one that reads, the end never comes"
)]
#[case::a_piped_input_is_closed(
    &["listen", "speak-and-listen"],
    &["exited 4", "exited 4"],
    "the supervisor's end of a piped input is closed only when that job is waited for, \
     and the first job waits for the second"
)]
#[case::a_piped_output_is_closed(
    &["pour"],
    &["exited 5"],
    "nobody reads what the job writes, and the supervisor's end is open: the job waits for room"
)]
#[case::a_piped_error_output_is_closed(
    &["pour-errors"],
    &["exited 5"],
    "nobody reads what the job writes to its standard error, and the supervisor's end of that is open: the job \
     waits for room. A command may have three piped streams"
)]
fn nothing_of_a_job_is_kept_open(
    #[case] jobs: &[&str],
    #[case] expected: &[&str],
    #[case] likely: &str,
) {
    require_report(jobs, expected, likely, "pipe(7); the stub");
}

#[test]
fn other_children_stay_the_callers() {
    require_report(
        &["--others", "exit 1", "exit 2"],
        &["exited 1", "exited 2", "another child: exit status: 9", "another child: exit status: 4"],
        "`waitpid(-1)` takes the status of any child, and then its parent waits in vain (ECHILD)",
        "wait(2): the value of pid; the stub",
    );
}

#[test]
fn a_job_that_starts_late_finds_nothing_kept_of_those_before() {
    // The last comes to its program only when the first has ended and the supervisor sleeps. Then it looks
    // which descriptors the supervisor has.
    require_report(
        &["speak-of-its-input", "missing-marked", "late-looking"],
        &["exited 0", "error: entity not found", "exited 2"],
        "entity already exists: while a later job is being started, the command of an earlier one lives on (or that \
         of one that could not be started), and has a descriptor open: drop each at once
address in use: the supervisor's end of a piped stream is closed only when all jobs are started",
        "the stub; https://doc.rust-lang.org/std/process/struct.Stdio.html",
    );
}

#[test]
fn many_jobs_that_cannot_be_started_are_errors_in_their_own_places() {
    // At the beginning and at the end, alone and in a row, of two kinds.
    let jobs = [
        "missing",
        "directory",
        "exit 1",
        "directory",
        "exit 2",
        "missing",
        "missing",
        "directory",
        "exit 3",
        "exit 4",
        "missing",
        "exit 5",
        "directory",
        "missing",
        "signal 9",
        "directory",
        "exit 6",
        "missing",
        "directory",
    ];
    let expected = jobs.map(|job| match job {
        "missing" => "error: entity not found",
        "directory" => "error: permission denied",
        "signal 9" => "signal 9, core false",
        _ => job,
    });
    let expected = expected.map(|outcome| outcome.replace("exit ", "exited "));
    require_report(
        &jobs,
        &expected.each_ref().map(String::as_str),
        "the errors are put aside, and come back in another order or to another place: keep the `Result` of \
         each start where its job was",
        "hint 4",
    );
}

#[rstest]
#[case::its_process_group("group")]
#[case::its_session("session")]
#[case::its_working_directory("directory")]
#[case::its_umask("umask")]
#[case::its_nice_value("nice")]
#[case::its_environment("environment")]
#[case::no_signal_at_its_parents_end("signal")]
fn what_a_command_does_not_say_a_job_has_of_its_parent(#[case] what: &str) {
    require_report(
        &["exit 2", &format!("like-its-parent {what}")],
        &["exited 2", "exited 0"],
        "it is set for the job, though its command does not ask for that",
        "the stub; execve(2), Effect on process attributes",
    );
}

#[rstest]
#[case::its_process_group("group")]
#[case::its_working_directory("directory")]
#[case::a_variable("variable")]
#[case::a_variable_that_is_removed("no-path")]
fn what_a_command_says_a_job_has(#[case] what: &str) {
    require_report(
        &["exit 2", &format!("as-its-command-says {what}")],
        &["exited 2", "exited 0"],
        "something else is set for the job; or another command is made of the one that was given",
        "the stub; https://doc.rust-lang.org/std/process/struct.Command.html",
    );
}

#[test]
fn an_ending_that_the_kernel_does_not_keep_is_an_error() {
    require_report(
        &["--keeps-no-status", "exit 1", "missing", "exit 2"],
        &["error", "error", "error"],
        "the caller ignores SIGCHLD, and waitpid fails with ECHILD: an ending is made up; or the error is no \
         `Err` but a panic",
        "wait(2), NOTES; the stub",
    );
}
