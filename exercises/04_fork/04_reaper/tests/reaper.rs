//! What a reaper promises, easiest first.
//!
//! The children are those of `src/bin/death_scenes.rs`, a process with one thread; each test runs one
//! of its scenes and reads what it printed.

use rstest::rstest;
use testkit::program::{Ending, Observed, Program};
use testkit::require;

/// Runs a scene and returns its lines but the last, which says who has not been reaped.
#[track_caller]
fn scene(words: &[&str]) -> Vec<String> {
    let program = Program::new(env!("CARGO_BIN_EXE_death_scenes"));
    let observed = words.iter().fold(program, |program, word| program.arg(*word)).run();
    let Observed { ending, stdout, stderr, stuck } = &observed;
    let timed_out = *ending == Ending::TimedOut;
    require!(!timed_out || !stuck.contains("waits in write("),
        expected: "the scene {words:?} to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "in a handler, a write to a pipe that is full and is allowed to block",
        read: "pipe(7), O_NONBLOCK; hint 3",
    );
    require!(!timed_out || !stuck.contains("waits for a child to end"),
        expected: "the scene {words:?} to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "a wait without WNOHANG for a child that lives, in `collect` or in a handler",
        read: "wait(2), WNOHANG; hint 2",
    );
    require!(!timed_out,
        expected: "the scene {words:?} to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "a sleep although a child has ended: its ring was swallowed, or came before the bell",
        read: "poll(2); hint 3",
    );
    require!(*ending == Ending::Exited(0),
        expected: "the scene {words:?} to end well",
        seen: "{ending:?}\n{stdout}{stderr}",
        likely: "the text above says it",
        read: "README, the task",
    );
    observed.lines().into_iter().map(str::to_owned).collect()
}

#[track_caller]
fn require_none_left(lines: &[String]) {
    let left = lines.last().map_or("nothing printed", String::as_str);
    require!(left == "left: none",
        expected: "every child to be reaped",
        seen: "{left}",
        likely: "`WNOWAIT`, which leaves the zombie, or a loop that ends before waitpid says that no child is left",
        read: "wait(2), NOTES: zombies; hint 2",
    );
}

// One child.

#[test]
fn a_look_does_not_reap() {
    let lines = scene(&["peek", "e7"]);
    let (looks, reaped, after) = (&lines[0], &lines[1], &lines[2]);
    require!(looks != "has it ended: false, false, false",
        expected: "has_ended to return true for a child that has ended and is not reaped yet",
        seen: "{looks}",
        likely: "a zombie is still a process: it has its number, /proc lists it, and kill(pid, 0) finds \
            it. waitid knows more",
        read: "wait(2), NOTES: zombies; hint 1",
    );
    require!(looks == "has it ended: false, true, true",
        expected: "has_ended to return false for a child that runs, then true, and true again",
        seen: "{looks}",
        likely: "the first call has reaped the child (ECHILD: it is no child any more): WNOWAIT \
            leaves it as it is",
        read: "wait(2), waitid: WNOWAIT; hint 1",
    );
    require!(reaped == "reaped: a exited 7",
        expected: "collect to find, after two calls of has_ended: a exited 7",
        seen: "{reaped}",
        likely: "`has_ended` has reaped the child; or `collect` ends its loop with ECHILD as an \
            error: hint 2",
        read: "wait(2), waitid: WNOWAIT; hint 1",
    );
    require!(after == "and now: ECHILD",
        expected: "ECHILD from has_ended when the child has been reaped",
        seen: "{after}",
        likely: "collect only looks (WNOWAIT) and leaves a zombie, or has_ended hides the error",
        read: "wait(2), ERRORS; hint 1",
    );
    require_none_left(&lines);
}

#[rstest]
#[case::killed_by_9("k9", "killed 9")]
#[case::killed_by_a_real_time_signal("k40", "killed 40")]
fn a_look_sees_every_end(#[case] how: &str, #[case] end: &str) {
    let lines = scene(&["peek", how]);
    let looks = &lines[0];
    require!(looks == "has it ended: false, true, true",
        expected: "has_ended to say true of a child that was {end}",
        seen: "{looks}",
        likely: "only CLD_EXITED is taken for an end; or EINVAL, which comes from waitid of `nix`: it \
            has no name for signals from 32 on, and says nothing about your arguments",
        read: "wait(2), waitid: si_code; signal(7), Real-time signals; hint 1",
    );
}

#[test]
fn a_process_that_is_no_child_is_an_error() {
    let lines = scene(&["not-a-child", "its own"]);
    let seen = &lines[0];
    require!(seen == "has it ended: ECHILD",
        expected: "ECHILD from has_ended for a process that lives and is no child of the caller",
        seen: "{seen}",
        likely: "/proc shows the state of every process, whoever its parent is: waitid knows \
            children only",
        read: "wait(2), ERRORS; hint 1",
    );
}

#[rstest]
#[case::exit_code_0("e0", "exited 0")]
#[case::exit_code_7("e7", "exited 7")]
#[case::the_largest_exit_code("e255", "exited 255")]
#[case::killed_by_9("k9", "killed 9")]
#[case::killed_by_15("k15", "killed 15")]
#[case::exit_code_9("e9", "exited 9")]
#[case::an_exit_code_as_the_shell_writes_a_kill("e137", "exited 137")]
#[case::killed_by_a_real_time_signal("k40", "killed 40")]
fn an_exit_code_is_told_from_a_signal(#[case] how: &str, #[case] end: &str) {
    let lines = scene(&["end", how]);
    let seen = &lines[0];
    let right = format!("reaped: a {end}");
    require!(*seen == right,
        expected: "{right}",
        seen: "{seen}",
        likely: "WEXITSTATUS of a child that was killed is 0, so ask WIFEXITED first; and EINVAL \
            comes from waitpid of `nix`, which has no name for signals from 32 on: that child is \
            reaped, and its status lost",
        read: "wait(2), WIFEXITED; signal(7), Real-time signals; hint 4",
    );
    require_none_left(&lines);
}

#[test]
fn a_core_that_is_dumped_changes_neither_the_end_nor_the_signal() {
    let lines = scene(&["core"]);
    let seen = lines[..2].join("\n");
    require!(seen == "has it ended: false, true, true\nreaped: a killed 6",
        expected: "two looks that see the end, and then: a killed 6",
        seen: "{seen}",
        likely: "134: beside the signal, a status has a flag that core was dumped, and WTERMSIG leaves \
            it out; or an si_code is forgotten: CLD_EXITED, CLD_KILLED and CLD_DUMPED are ends",
        read: "wait(2), WTERMSIG, WCOREDUMP, si_code; hint 4",
    );
    require_none_left(&lines);
}

#[test]
fn without_children_nothing_is_reaped_and_nobody_waits() {
    let lines = scene(&["nobody"]);
    let seen = lines[..2].join("\n");
    require!(seen == "reaped: nobody\nreaped: nobody",
        expected: "collect and wait to return nothing when there is no child",
        seen: "{seen}",
        likely: "ECHILD is passed on as an error; here it is an answer: there is no child",
        read: "wait(2), ERRORS; hint 2",
    );
}

// Several children.

#[test]
fn those_that_live_are_not_waited_for() {
    let lines = scene(&["living"]);
    let seen = lines[..3].join("\n");
    require!(seen == "reaped: a exited 7\nreaped: nobody\nreaped: b exited 8",
        expected: "first a, which has ended; then nobody, because b still runs; then b",
        seen: "{seen}",
        likely: "the loop ends only when no child is left at all, or it asks for the first child \
            only",
        read: "wait(2), WNOHANG; hint 2",
    );
    require_none_left(&lines);
}

#[rstest]
#[case::two("2", "a exited 0, b exited 0")]
#[case::five("5", "a exited 0, b exited 0, c exited 0, d exited 0, e exited 0")]
fn children_that_end_together_are_all_collected(#[case] count: &str, #[case] all: &str) {
    let lines = scene(&["together", count]);
    let seen = &lines[0];
    require!(*seen == format!("reaped: {all}"),
        expected: "one collect to find all of the {count} that have ended: {all}",
        seen: "{seen}",
        likely: "one wait for each SIGCHLD: signals do not queue, and for {count} ends came one",
        read: "signal(7), Queueing and delivery semantics for standard signals; hint 2",
    );
    require_none_left(&lines);
}

#[test]
fn a_child_with_a_session_of_its_own_is_collected() {
    let lines = scene(&["session"]);
    let seen = &lines[0];
    require!(seen == "reaped: a exited 7",
        expected: "collect to find a, which has called setsid: a exited 7",
        seen: "{seen}",
        likely: "waitpid(0, …) waits for children in the caller's process group only; -1 is any child",
        read: "wait(2): the value of pid; hint 2",
    );
    require_none_left(&lines);
}

// Waiting.

#[test]
fn a_child_that_ended_before_there_was_a_bell_is_found() {
    let lines = scene(&["early"]);
    let seen = &lines[0];
    require!(seen == "reaped: a exited 7",
        expected: "wait to find a, which ended before Reaper::new",
        seen: "{seen}",
        likely: "wait sleeps before it has asked whether a child has ended",
        read: "hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn wait_sleeps_until_a_child_has_ended() {
    let lines = scene(&["sleep"]);
    let seen = lines[..2].join("\n");
    require!(seen == "the parent: Asleep\nreaped: a exited 7",
        expected: "the parent to sleep until the child ends, and then to reap it",
        seen: "{seen}",
        likely: "Spinning: wait asks again and again; AsleepByTheClock: it sleeps for a time. \
            poll(2) on the bell sleeps until it rings",
        read: "poll(2); hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn another_signal_does_not_end_the_wait() {
    let lines = scene(&["interrupted"]);
    let seen = &lines[0];
    require!(seen == "reaped: a exited 7",
        expected: "wait to go on after a handler has run: a exited 7",
        seen: "{seen}",
        likely: "EINTR is passed on as an error; it only means: a signal handler ran, sleep again",
        read: "signal(7), Interruption of system calls; hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn a_child_that_stops_has_not_ended() {
    let lines = scene(&["stopped"]);
    let seen = &lines[0];
    require!(seen == "reaped: a exited 7, b exited 8",
        expected: "wait to go on when a child stops, until a and b have ended",
        seen: "{seen}",
        likely: "SIGCHLD comes for a stop, too (unless SA_NOCLDSTOP is set), and wait returns \
            whenever the bell has rung: collect, and if no child has ended, sleep again",
        read: "sigaction(2), SA_NOCLDSTOP; wait(2), WUNTRACED; hint 3",
    );
    require_none_left(&lines);
}

/// Runs the program in which a child ends when `call` is about to hear that nobody has.
#[track_caller]
fn at_the_worst_moment(scene: &str) -> String {
    let Observed { ending, stdout, stderr, .. } =
        Program::new(env!("CARGO_BIN_EXE_worst_moment")).arg(scene).run();
    let call = if scene == "collect" { "collect" } else { "wait" };
    require!(ending != Ending::TimedOut,
        expected: "{call} to return: the child has ended",
        seen: "it sleeps for ever",
        likely: "the child ends between the last waitpid and the sleep, and its ring is lost: \
            silence the bell before the waitpid, not after it, and sleep in a call that sees an \
            old ring",
        read: "signalfd(2); select(2), The self-pipe trick; hint 3",
    );
    require!(ending == Ending::Exited(0),
        expected: "{call} to return without an error",
        seen: "{ending:?} {stdout}{stderr}",
        likely: "the text above says it",
        read: "README, the task",
    );
    stdout
}

#[test]
fn a_child_that_ends_right_after_the_look_is_not_missed() {
    let seen = at_the_worst_moment("wait");
    require!(seen == "reaped\n",
        expected: "wait to reap the child that ended right after a waitpid",
        seen: "{seen}",
        likely: "wait returns an empty list although there is a child",
        read: "README, the task",
    );
}

// The bell.

#[test]
fn the_bell_rings_from_an_end_to_the_next_collect() {
    let lines = scene(&["bell"]);
    let (reaped, rings) = (&lines[0], &lines[1]);
    require!(reaped == "reaped: a exited 7, c exited 9, d exited 10",
        expected: "collect to find a, c and d",
        seen: "{reaped}",
        likely: "see the tests of collect",
        read: "hint 2",
    );
    require!(rings == "the bell rings: false, true, false",
        expected: "no ring while all of them run, a ring when three have ended, no ring after the collect",
        seen: "{rings}",
        likely: "false at the second place: SIGCHLD is not blocked, or goes elsewhere; true at the \
            third: collect does not read all that is there to be read, in a pipe one byte for each \
            ring, so an event loop never sleeps",
        read: "signalfd(2); hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn the_bell_is_still_after_a_wait() {
    let lines = scene(&["after-wait"]);
    let seen = lines[..2].join("\n");
    require!(seen == "reaped: a exited 7\nthe bell rings: false",
        expected: "wait to collect a, the only child, and the bell not to ring any more",
        seen: "{seen}",
        likely: "wait reaps by itself and leaves the ring: an event loop wakes for nothing. Let \
            wait sleep, and then call collect, which silences the bell",
        read: "README, the task; hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn a_child_that_ends_during_a_collect_rings_for_the_next() {
    let seen = at_the_worst_moment("collect");
    let is_right = ["the bell rings: true\nreaped\n", "the first collect has found it\nreaped\n"];
    require!(is_right.contains(&seen.as_str()),
        expected: "the bell to ring for a child that ends right after the last waitpid of a \
            collect, and the next collect to find it",
        seen: "{seen}",
        likely: "collect silences the bell after its last waitpid, and so loses the ring of a \
            child that it has not seen: an event loop sleeps on, and the zombie stays",
        read: "signalfd(2); select(2), The self-pipe trick; hint 3",
    );
}

#[test]
fn a_ring_leaves_errno_as_it_was() {
    let lines = scene(&["errno"]);
    let seen = lines[..2].join("\n");
    require!(seen == "errno after a ring: EDOM\nreaped: nobody",
        expected: "errno to be EDOM, as it was before SIGCHLD came, and nobody to be reaped",
        seen: "{seen}",
        likely: "the handler's write has failed, for the pipe is full, and has left its errno to the \
            code that was interrupted: save errno first, and put it back",
        read: "signal-safety(7), errno; hint 3",
    );
    let bell = lines.get(2).map_or("", String::as_str);
    require!(bell == "the bell rings: false",
        expected: "no ring after the collect, although the bell had rung thousands of times",
        seen: "{bell}",
        likely: "one `read` takes out what fits into its buffer: with more rings than that in the pipe, an event loop \
            wakes again and again; read until EAGAIN",
        read: "pipe(7); hint 3",
    );
}

#[rstest]
#[case::ignores_it("ignored")]
#[case::blocks_it("blocked")]
fn it_does_not_matter_that_whoever_started_the_program(#[case] scene_name: &str) {
    let lines = scene(&[scene_name]);
    let seen = lines[..2].join("\n");
    require!(seen == "the bell rings: true\nreaped: a exited 7",
        expected: "the bell to ring and a to be reaped although SIGCHLD was {scene_name} at first",
        seen: "{seen}",
        likely: "with SIGCHLD ignored, which exec keeps, there are no zombies: the kernel reaps, \
            and the status is gone. Set it to its default; and a handler needs it unblocked",
        read: "wait(2), NOTES; execve(2); hint 5",
    );
}

#[test]
fn statuses_are_kept_although_an_earlier_part_wanted_no_zombies() {
    let lines = scene(&["kept"]);
    let seen = lines[..2].join("\n");
    require!(seen == "the bell rings: true\nreaped: a exited 7",
        expected: "the bell to ring and a to be reaped although SIGCHLD had SA_NOCLDWAIT, with SIG_DFL",
        seen: "{seen}",
        likely: "the disposition is looked at and not set: SIG_DFL with SA_NOCLDWAIT makes no zombies either",
        read: "sigaction(2), SA_NOCLDWAIT; hint 5",
    );
}

#[test]
fn exec_closes_the_bell() {
    let lines = scene(&["exec"]);
    let seen = lines[..lines.len() - 1].join("\n");
    require!(seen == "descriptors kept across exec: 0",
        expected: "no descriptor of the reaper to be open in a program started by exec",
        seen: "{seen}",
        likely: "made without SFD_CLOEXEC (a pipe: without O_CLOEXEC)",
        read: "signalfd(2), SFD_CLOEXEC; hint 3",
    );
}

// Orphans.

#[test]
fn an_orphan_is_reaped_by_its_grandparent() {
    let lines = scene(&["orphan"]);
    let seen = lines[..2].join("\n");
    require!(seen == "reaped: a exited 0\nreaped: the orphan exited 42",
        expected: "after a, which leaves a child behind, that child",
        seen: "{seen}",
        likely: "a grandparent does not inherit a child by itself: an orphan goes to init, unless \
            an ancestor is a subreaper",
        read: "PR_SET_CHILD_SUBREAPER(2const), in older manuals prctl(2); hint 5",
    );
    require_none_left(&lines);
}

// By kinds.

#[rstest]
#[case::its_parents("its parent's")]
#[case::the_first_process("the first process's")]
#[case::a_grandchilds("a grandchild's")]
#[case::of_a_thread_of_a_child("a thread's, of a child")]
#[case::zero("0")]
#[case::minus_one("-1")]
#[case::its_process_group("its process group's, negative")]
#[case::the_largest("2147483647")]
#[case::the_smallest("-2147483648")]
fn a_number_that_is_no_childs_is_an_error(#[case] whose: &str) {
    let lines = scene(&["not-a-child", whose]);
    let seen = &lines[0];
    let is_number = whose.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
    require!(seen == "has it ended: ECHILD" || !(is_number || whose.ends_with("negative")),
        expected: "ECHILD from has_ended for a number that no child has: {whose}",
        seen: "{seen}",
        likely: "to waitpid and kill(2) these numbers mean many processes, and to waitid they are \
            EINVAL, which `nix` returns for a real-time signal, too",
        read: "wait(2): the value of pid; src/reaper.rs, has_ended",
    );
    require!(seen == "has it ended: ECHILD",
        expected: "ECHILD from has_ended for a number that is not a child's: {whose}",
        seen: "{seen}",
        likely: "/proc shows processes and threads of everybody: waitid knows children only",
        read: "wait(2), ERRORS; hint 1",
    );
}

#[test]
fn a_child_lives_as_long_as_one_of_its_threads() {
    let lines = scene(&["first-thread"]);
    let seen = &lines[0];
    require!(seen == "has it ended: false",
        expected: "false from has_ended for a child whose first thread has ended, and another one lives",
        seen: "{seen}",
        likely: "the state in /proc is that of the first thread (Z), and the process is no zombie: \
            waitid knows",
        read: "proc_pid_stat(5); pthread_exit(3); wait(2); hint 1",
    );
    let seen = lines[1..3].join("\n");
    require!(seen == "reaped: nobody\nreaped: a exited 7",
        expected: "nobody to be collected while that thread lives, and then: a exited 7",
        seen: "{seen}",
        likely: "what /proc says is taken for an end",
        read: "wait(2); hint 2",
    );
    require_none_left(&lines);
}

const NUMBERS: [&str; 8] = ["0", "1", "2", "63", "64", "65", "200", "1100"];

#[rstest]
#[case::collect("collect")]
#[case::wait("wait")]
fn any_number_that_has_ended_is_reaped_by_one(#[case] call: &str) {
    let numbers: Vec<&str> = ["many", call].into_iter().chain(NUMBERS).collect();
    let lines = scene(&numbers);
    for (i, count) in NUMBERS.iter().enumerate() {
        let seen = lines.get(i).map_or("nothing", String::as_str);
        let right = format!("{count}: all, 0 left");
        require!(seen == right,
            expected: "all children that have ended before the {call}, each once: {right}",
            seen: "{seen}",
            likely: "a round reaps so many and no more: for those that are left nobody rings again",
            read: "wait(2); src/reaper.rs, collect; hint 2",
        );
    }
}

#[test]
fn an_end_by_any_signal_is_told() {
    let lines = scene(&["every-signal"]);
    let seen = lines[..lines.len() - 1].join("\n");
    require!(seen == "all signals have been looked at",
        expected: "a child that any signal has ended to be told as killed by it, by has_ended and collect",
        seen: "{seen}",
        likely: "signals from 32 on have no name in `nix` (EINVAL), or a number is taken out of the \
            status by other bits than those of WTERMSIG",
        read: "signal(7); wait(2), WTERMSIG; hint 4",
    );
}

#[rstest]
#[case::of_a_child_before_a_collect("kill", "before collect")]
#[case::of_a_child_before_a_wait("kill", "before wait")]
#[case::of_a_child_during_a_wait("kill", "during wait")]
#[case::queued_before_a_collect("sigqueue", "before collect")]
#[case::queued_before_a_wait("sigqueue", "before wait")]
#[case::queued_during_a_wait("sigqueue", "during wait")]
#[case::of_its_own_before_a_collect("itself", "before collect")]
#[case::of_its_own_before_a_wait("itself", "before wait")]
#[case::for_a_stop_before_a_collect("stop", "before collect")]
#[case::for_a_stop_before_a_wait("stop", "before wait")]
fn a_ring_for_nothing_is_no_end(#[case] from: &str, #[case] place: &str) {
    let lines = scene(&["ring", from, place]);
    let seen = lines[..lines.len() - 1].join("\n");
    let mut right = "reaped: a exited 7".to_owned();
    if from == "stop" {
        right.push_str(", b exited 8");
    }
    if place == "before collect" {
        right.insert_str(0, "reaped: nobody\n");
    }
    require!(seen == right,
        expected: "SIGCHLD without an end ({from}, {place}) not to change what is reaped:\n{right}",
        seen: "{seen}",
        likely: "what the signal says is believed: who has sent it, or that somebody has ended. Only \
            waitpid knows; if it finds nobody, and there are children, `wait` sleeps again",
        read: "kill(2), sigqueue(3), SIGCHLD for a stop in wait(2); hint 3",
    );
    require_none_left(&lines);
}

#[test]
fn a_ring_that_is_left_of_a_reaped_child_is_no_end() {
    let seen = at_the_worst_moment("leftover");
    require!(seen == "reaped\nreaped\n",
        expected: "collect to find the child that ends before its first waitpid, and the next wait to \
            sleep, although that child's ring is left, until the other child has ended",
        seen: "{seen}",
        likely: "wait returns when the bell has rung, whether waitpid finds anybody or not",
        read: "README, the task; hint 3",
    );
}

#[test]
fn a_ring_for_nothing_right_after_the_look_is_no_end() {
    let seen = at_the_worst_moment("ring");
    require!(seen == "reaped\n",
        expected: "wait to sleep on after a SIGCHLD that no end has sent, until the child has ended",
        seen: "{seen}",
        likely: "wait returns when the bell has rung, whether waitpid finds anybody or not",
        read: "README, the task; hint 3",
    );
}

#[test]
fn a_child_that_is_stopped_or_continued_has_not_ended() {
    let seen = scene(&["is-stopped"])[..3].join("\n");
    require!(seen == "stopped: false\ncontinued: false\nended: true",
        expected: "false from has_ended for a child that is stopped, and for one that goes on; true when it has ended",
        seen: "{seen}",
        likely: "it is asked for stops and continuations too (WUNTRACED, WSTOPPED, WCONTINUED), and any answer is taken for an end",
        read: "wait(2), WEXITED, WSTOPPED; src/reaper.rs, has_ended",
    );
}

#[test]
fn signals_that_the_program_has_blocked_stay_blocked() {
    let seen = scene(&["others-blocked"])[..3].join("\n");
    require!(seen == "the bell rings: true\nreaped: a exited 7\nstill blocked: 2 of 2",
        expected: "a to be reaped, and SIGUSR1 and SIGTERM, which the program had blocked, to be blocked still",
        seen: "{seen}",
        likely: "the mask is replaced (SIG_SETMASK) where a signal is to be added to it (SIG_BLOCK) or taken from it",
        read: "sigprocmask(2)",
    );
}
