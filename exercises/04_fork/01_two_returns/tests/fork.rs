//! What `fork_child` and `wait_for` promise, easiest first.
//!
//! The forks happen in `src/bin/fork_scenes.rs`, a process with one thread; each test runs one of
//! its scenes and reads what it printed.

use rstest::rstest;
use testkit::program::{Ending, Observed, Program};
use testkit::require;

/// Runs a scene. The lesson is for a scene that does not come to its end.
#[track_caller]
fn scene(args: &[&str]) -> Observed {
    let program = Program::new(env!("CARGO_BIN_EXE_fork_scenes"));
    let observed = args.iter().fold(program, |program, arg| program.arg(*arg)).run();
    let Observed { ending, stdout, stderr, stuck } = &observed;
    require!(!stdout.contains("came back"),
        expected: "the child to end inside `fork_child`; only the parent comes out of it",
        seen: "the child came out as well, and went on with the caller's code\n{stderr}",
        likely: "in the child, `fork_child` returns or lets a panic unwind instead of calling _exit",
        read: "hint 2; README, the picture",
    );
    let no_child = stdout.lines().find(|line| line.starts_with("no child")).unwrap_or_default();
    require!(no_child.is_empty(),
        expected: "`fork_child` to return the pid of the child that it has made, for `wait_for`",
        seen: "{no_child}",
        likely: "the pid returned is of another process, or fork_child has waited for the child itself",
        read: "fork(2), RETURN VALUE; hint 1",
    );
    require!(*ending != Ending::TimedOut || !stuck.is_empty(),
        expected: "the scene {args:?} to come to its end",
        seen: "nothing for 10 s, and nobody asleep in read, write or wait, after\n{stdout}{stderr}",
        likely: "a call that fails at once is made again for ever: only EINTR asks for that",
        read: "wait(2), ERRORS; hint 4",
    );
    require!(*ending != Ending::TimedOut,
        expected: "the scene {args:?} to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "one process waits for the other for ever",
        read: "wait(2); README, the task",
    );
    require!(*ending == Ending::Exited(0),
        expected: "the scene {args:?} to end well",
        seen: "{ending:?}\n{stdout}{stderr}",
        likely: "a panic or a `todo!`, whose text stands above, or a call that fails",
        read: "README, the task",
    );
    observed
}

/// Every scene ends with a look for children that nobody has waited for.
#[track_caller]
fn require_reaped(observed: &Observed) {
    let left = observed.stdout.lines().find(|line| line.starts_with("children left"));
    let left = left.unwrap_or("the scene ended early");
    require!(left == "children left: none",
        expected: "every child to be reaped by `wait_for`",
        seen: "{left}",
        likely: "it looks at the child (WNOHANG, WNOWAIT) but does not wait until it has ended",
        read: "wait(2), NOTES: zombies",
    );
}

#[rstest]
#[case::zero("0", "exited 0")]
#[case::one("1", "exited 1")]
#[case::forty_two("42", "exited 42")]
#[case::the_largest("255", "exited 255")]
#[case::one_bit_too_many("256", "exited 0")]
#[case::minus_one("-1", "exited 255")]
fn the_parent_hears_the_code_of_its_child(#[case] code: &str, #[case] expected: &str) {
    let observed = scene(&["code", code]);
    let seen = observed.lines()[0];
    require!(seen == expected,
        expected: "a body that returns {code} to give \"{expected}\": the low 8 bits arrive",
        seen: "{seen}",
        likely: "the body's value is not what `_exit` is called with",
        read: "_exit(2); wait(2), WEXITSTATUS",
    );
    require_reaped(&observed);
}

#[test]
fn the_parent_gets_the_pid_of_its_child() {
    let observed = scene(&["pids"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("the pid is the child's own: true\nexited 1\n"),
        expected: "the pid that fork_child returns to be the child's getpid(), \
            and the child's getppid() to be the caller",
        seen: "{seen}",
        likely: "the pid returned is the caller's, or the body runs in no child of the caller",
        read: "fork(2), RETURN VALUE",
    );
    require_reaped(&observed);
}

#[test]
fn a_write_of_the_child_stays_in_the_child() {
    let observed = scene(&["memory"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("exited 2\nthe parent sees 1\n"),
        expected: "the child to see its own write (2) and the parent not to (1)",
        seen: "{seen}",
        likely: "the body does not run in a process of its own, but in the caller's memory",
        read: "fork(2), DESCRIPTION: separate memory spaces",
    );
}

#[test]
fn the_offset_of_an_open_file_moves_for_both() {
    let observed = scene(&["offset"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("exited 0\nthe parent's offset is 7\n"),
        expected: "7 bytes that the child wrote to move the offset that the parent sees to 7",
        seen: "{seen}",
        likely: "the child does not run the body, or closes what it inherited",
        read: "fork(2): file descriptors, open file description",
    );
}

#[test]
fn a_child_that_was_killed_is_told_from_one_that_exited() {
    let observed = scene(&["killed"]);
    let seen = observed.lines()[0];
    require!(seen == "killed by SIGKILL",
        expected: "WaitStatus::Signaled for a child that SIGKILL ended",
        seen: "{seen}",
        likely: "the status of waitpid is translated where it should be passed on",
        read: "wait(2), WIFSIGNALED",
    );
    require_reaped(&observed);
}

#[test]
fn output_is_written_once_each() {
    let stdout = scene(&["output"]).stdout;
    let (before, child) =
        (stdout.matches("[unfinished]").count(), stdout.matches("[child]").count());
    require!(before < 2,
        expected: "\"[unfinished]\", printed before the fork, to be written once",
        seen: "{before} times: {stdout}",
        likely: "an unfinished line lies in stdout's buffer, in memory, and the fork copies it: \
            flush before the fork",
        read: "https://doc.rust-lang.org/std/io/struct.Stdout.html; fork(2)",
    );
    require!(child == 1,
        expected: "\"[child]\", which the body prints, to be written once",
        seen: "{child} times: {stdout}",
        likely: "_exit does not flush stdout's buffer: do it in the child, before _exit",
        read: "_exit(2), NOTES; hint 3",
    );
    require!(stdout.starts_with("[unfinished][child]"),
        expected: "what was printed before the fork to come first",
        seen: "{stdout}",
        likely: "stdout is flushed by the parent only after the fork",
        read: "hint 3",
    );
}

#[test]
fn a_child_that_panics_ends_with_101() {
    let observed = scene(&["panic"]);
    let seen = observed.lines()[0];
    require!(seen == "exited 101",
        expected: "the exit code 101 for a body that panics",
        seen: "{seen}",
        likely: "std::panic::catch_unwind is missing around the body, or its error is not 101",
        read: "hint 2; https://doc.rust-lang.org/std/panic/fn.catch_unwind.html",
    );
}

#[test]
fn the_child_runs_nothing_of_its_parents_on_its_way_out() {
    let stdout = scene(&["handlers"]).stdout;
    let handlers = stdout.matches("an exit handler ran").count();
    require!(handlers == 1,
        expected: "the parent's exit handler to run once, in the parent",
        seen: "it ran {handlers} times",
        likely: "the child calls std::process::exit, which is exit(3), or quick_exit(3): both run handlers that \
            the fork copied: use _exit",
        read: "_exit(2); exit(3); atexit(3)",
    );
    let destructors = stdout.matches("a destructor ran").count();
    require!(destructors == 1,
        expected: "the parent's destructor to run once, in the parent",
        seen: "it ran {destructors} times",
        likely: "the child leaves the caller's frames by return or by a panic",
        read: "_exit(2); hint 2",
    );
}

#[test]
fn wait_for_sleeps_until_the_child_has_ended() {
    let observed = scene(&["sleep"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("the parent: Asleep\nexited 0\n"),
        expected: "the parent to be asleep in waitpid until the child ends",
        seen: "{seen}",
        likely: "WNOHANG, which does not wait (in a loop it polls): waitpid without flags sleeps",
        read: "wait(2)",
    );
    require_reaped(&observed);
}

#[test]
fn wait_for_waits_for_the_child_it_was_given() {
    let observed = scene(&["siblings"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("exited 2\nexited 1\n"),
        expected: "wait_for(younger) to tell of the younger child (exited 2), then \
            wait_for(elder) of the elder (exited 1)",
        seen: "{seen}",
        likely: "wait() takes whichever child has ended: waitpid(child, ...) takes this one",
        read: "wait(2): the value of pid",
    );
}

#[test]
fn a_signal_does_not_end_the_wait() {
    let observed = scene(&["interrupted"]);
    let seen = observed.lines()[0];
    require!(seen == "exited 7",
        expected: "wait_for to go on waiting after a signal handler has run",
        seen: "{seen}",
        likely: "EINTR is passed on as an error; it only means: a signal handler ran, call again",
        read: "wait(2), ERRORS; signal(7), Interruption of system calls",
    );
    require_reaped(&observed);
}

#[test]
fn a_child_that_stops_has_not_ended() {
    let observed = scene(&["stopped"]);
    let seen = observed.lines()[0];
    require!(seen == "exited 7",
        expected: "wait_for to sleep on when the child stops, until it has gone on and exited with 7",
        seen: "{seen}",
        likely: "with WUNTRACED waitpid also tells of a child that stops, and that is no end",
        read: "wait(2), WUNTRACED",
    );
    require_reaped(&observed);
}

#[test]
fn a_child_that_was_reaped_before_is_an_error() {
    let observed = scene(&["reaped"]);
    let seen = observed.lines()[0];
    require!(seen.starts_with("error: "),
        expected: "an error, ECHILD: another wait has taken the status of this child",
        seen: "{seen}",
        likely: "ECHILD is taken for a normal end; how the child ended is not known",
        read: "wait(2), ERRORS",
    );
}

#[rstest]
#[case::two("2")]
#[case::ten("10")]
#[case::twelve("12")]
fn a_process_with_several_threads_is_not_forked(#[case] count: &str) {
    let seen = scene(&["threads", count]).lines()[0].to_owned();
    require!(seen == "refused",
        expected: "an error in a process with {count} threads: its child may call async-signal-safe functions only",
        seen: "{seen}",
        likely: "nobody counts the entries of /proc/self/task before the fork, or the count is looked for as text: `1` is in `10`, too",
        read: "fork(2), DESCRIPTION: async-signal-safe; hint 4",
    );
}

#[test]
fn a_process_with_one_thread_is_forked() {
    let seen = scene(&["threads", "1"]).lines()[0].to_owned();
    require!(seen == "forked",
        expected: "a process with one thread to be forked",
        seen: "{seen}",
        likely: "the count of threads is off by one",
        read: "README, the task",
    );
}

#[test]
fn what_a_child_has_printed_before_it_panics_gets_out() {
    let observed = scene(&["last-words"]);
    let seen = observed.stdout.trim_end();
    require!(observed.stdout.starts_with("[last words]exited 101\n"),
        expected: "what the child printed, then its exit code 101: [last words]exited 101",
        seen: "{seen}",
        likely: "standard output is flushed only when the body has returned, and `_exit` does not flush",
        read: "_exit(2); src/lib.rs: what `body` prints gets out",
    );
}

#[test]
fn an_output_that_takes_nothing_changes_nothing() {
    let observed = scene(&["full"]);
    let seen = observed.lines()[0];
    require!(seen == "exited 7",
        expected: "the code of the body, 7, although its output cannot be written (/dev/full)",
        seen: "{seen}",
        likely: "a flush in the child fails, and `?` or `unwrap` goes another way than to `_exit` with the body's code",
        read: "full(4); src/lib.rs: the call returns in the parent only",
    );
}

#[test]
fn an_end_by_a_real_time_signal_is_an_error_and_the_child_is_reaped() {
    let observed = scene(&["real-time"]);
    let seen = observed.lines()[0];
    require!(seen == "Some(EINVAL); reaped: true",
        expected: "EINVAL for an end that `WaitStatus` has no name for, and the child to be reaped",
        seen: "{seen}",
        likely: "EINVAL is taken for a wait that is to be made again",
        read: "src/lib.rs, wait_for",
    );
}

#[test]
fn a_payload_whose_destructor_panics_does_not_bring_the_child_back() {
    let observed = scene(&["bomb"]);
    let (seen, stderr) = (observed.stdout.trim_end(), observed.stderr.trim_end());
    require!(observed.stdout.starts_with("exited 101\n") && !stderr.contains("came"),
        expected: "the child to end with code 101, although the destructor of what it panicked with panics, too",
        seen: "{seen}\n{stderr}",
        likely: "the payload that `catch_unwind` returns is dropped in the child, and its destructor is code like any other: `mem::forget` it, or drop it under a `catch_unwind`",
        read: "https://doc.rust-lang.org/std/panic/fn.catch_unwind.html",
    );
}

#[test]
fn what_cannot_be_flushed_before_the_fork_is_not_copied() {
    let observed = scene(&["no-room"]);
    let seen = observed.lines()[0].to_owned();
    require!(["said 1 times, forked", "said 1 times, an error"].contains(&seen.as_str()),
        expected: "what lay in the parent's buffer to get out once, although there was no room for it at the fork: `fork_child` is an error then, or the child does not flush it",
        seen: "{seen}",
        likely: "an error of the flush before the fork is dropped, and the child has a copy of the buffer",
        read: "fork(2); the stub",
    );
}

#[rstest]
#[case::an_ordinary_one("fork_child", "workshop")]
#[case::one_with_a_space("fork_child", "work shop")]
#[case::one_with_many_spaces("fork_child", "a b c d e f g h")]
#[case::one_with_a_parenthesis("fork_child", "a) S 1 1 1 1 1")]
#[case::one_that_is_all_parentheses("fork_child", ")))(((")]
#[case::one_that_is_a_number("fork_child", "1")]
#[case::one_that_looks_like_the_answer("fork_child", "Threads:\t1")]
#[case::one_of_two_lines("fork_child", "a\nThreads:\t1")]
#[case::no_name("fork_child", "")]
#[case::in_order_with_the_parent_first("in_order, parent first", "work shop")]
#[case::in_order_with_the_child_first("in_order, child first", "work shop")]
fn threads_are_counted_whatever_the_name_of_the_process(#[case] call: &str, #[case] name: &str) {
    let stdout = scene(&["named", name, call]).stdout;
    let seen = stdout.lines().take(5).collect::<Vec<_>>().join(", ");
    require!(seen.starts_with("1: forked"),
        expected: "{call} to fork a process with one thread whose name is {name:?}",
        seen: "{seen}",
        likely: "the number of threads is read from a text in which the name shifts it: in \
            /proc/self/stat the name stands in parentheses, and may have spaces, lines and \
            parentheses",
        read: "proc_pid_stat(5); proc_pid_comm(5); hint 4",
    );
    require!(seen == "1: forked, 2: refused, 10: refused, 12: refused, 100: refused",
        expected: "{call} to be an error in a process with 2, 10, 12 and 100 threads whose name is {name:?}",
        seen: "{seen}",
        likely: "another number is read than that of the threads, or this call has a fork of its \
            own that counts none",
        read: "proc_pid_stat(5); src/lib.rs, fork_child; hint 4",
    );
}

#[test]
fn a_process_whose_threads_cannot_be_counted_is_not_forked() {
    let seen = scene(&["threads-uncounted"]).lines()[0].to_owned();
    require!(seen == "refused",
        expected: "an error in a process with 2 threads that has no descriptor left: /proc/self cannot be opened",
        seen: "{seen}",
        likely: "where the threads cannot be counted, one is assumed",
        read: "fork(2), DESCRIPTION: async-signal-safe; hint 4",
    );
}
