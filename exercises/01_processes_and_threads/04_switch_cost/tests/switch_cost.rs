//! What the four functions promise, in the order of the task.
//!
//! All happens in `src/bin/switch_scenes/`, a process with one thread; each test runs one of its scenes and reads
//! what it printed.

use rstest::rstest;
use testkit::scene::{Scene, Scenes};

const GETRUSAGE: &str = "getrusage(2), RUSAGE_THREAD, ru_nvcsw and ru_nivcsw";

const SCENES: Scenes<'_> = Scenes {
    program: env!("CARGO_BIN_EXE_switch_scenes"),
    leaves: "no thread, no child, no descriptor, no pin, no signal blocked",
    likely: "a thread is not joined, a child not waited for (a zombie), an end of a pipe not closed, or the affinity \
        not set back",
    read: "the stub; wait(2), NOTES: zombies",
};

// The median.

#[rstest]
#[case::one(&[7], Some(7))]
#[case::three_in_order(&[1, 2, 9], Some(2))]
#[case::three_in_no_order(&[9, 1, 2], Some(2))]
#[case::one_that_an_interrupt_spoilt(&[100, 101, 99, 1_000_000_000, 100], Some(100))]
#[case::all_alike(&[5, 5, 5, 5], Some(5))]
#[case::two(&[4, 8], Some(6))]
#[case::four_in_no_order(&[40, 10, 30, 21], Some(25))]
#[case::two_the_mean_of_which_is_rounded_down(&[1, 4], Some(2))]
#[case::larger_than_32_bits(&[1 << 40, 3, 1 << 50], Some(1 << 40))]
#[case::the_largest(&[u64::MAX], Some(u64::MAX))]
#[case::two_of_which_the_sum_is_too_large(&[u64::MAX, u64::MAX - 3], Some(u64::MAX - 2))]
#[case::more_than_53_bits(&[(1 << 60) + 1, (1 << 60) + 3], Some((1 << 60) + 2))]
#[case::none(&[], None)]
fn the_median_is_in_the_middle(#[case] samples: &[u64], #[case] median: Option<u64>) {
    let samples: Vec<String> = samples.iter().map(ToString::to_string).collect();
    let args: Vec<&str> =
        ["median"].into_iter().chain(samples.iter().map(String::as_str)).collect();
    Scene {
        args: &args,
        prints: &[&format!("the median: {median:?}, and of 7 alone: Some(7)")],
        likely: "the samples are not sorted; or it is their mean; or, of an even number, one of the two in the middle \
            is taken, their sum is more than a u64 holds, or they are made floats on the way",
        read: "hint 1",
    }
    .require(&SCENES);
}

// The pin.

#[test]
fn a_pinned_body_runs_on_one_cpu_and_returns() {
    Scene {
        args: &["pinned"],
        prints: &["the body: one CPU, an allowed one, returned"],
        likely: "the affinity is not set, or only after the body",
        read: "sched_setaffinity(2); hint 2",
    }
    .require(&SCENES);
}

#[test]
fn the_cpu_is_one_that_the_caller_is_allowed() {
    Scene {
        args: &["pinned", "last"],
        prints: &[
            "the body: one CPU, an allowed one, returned",
            "afterwards the last CPU only: true",
        ],
        likely: "it is always CPU 0; or afterwards all CPUs of the machine are allowed, instead of those from before",
        read: "sched_setaffinity(2): sched_getaffinity(); hint 2",
    }
    .require(&SCENES);
}

#[test]
fn the_affinity_is_restored_when_the_body_panics() {
    Scene {
        args: &["pinned", "panic"],
        prints: &["the body: one CPU, an allowed one, then a panic", "afterwards as before: true"],
        likely: "what restores it stands behind the body: a panic goes past it, and past everything but destructors",
        read: "https://doc.rust-lang.org/std/ops/trait.Drop.html; hint 2",
    }
    .require(&SCENES);
}

#[test]
fn a_pinned_body_may_pin_itself() {
    Scene {
        args: &["pinned", "within"],
        prints: &[
            "outside, within, and outside again: one CPU, an allowed one; one CPU, an allowed one; as before",
        ],
        likely: "what was allowed before is in a place that the inner call uses, too",
        read: "the stub; hint 2",
    }
    .require(&SCENES);
}

#[test]
fn the_affinity_is_restored_when_the_body_has_changed_it() {
    Scene {
        args: &["pinned", "moves"],
        prints: &["the body: one CPU, an allowed one"],
        likely: "what is restored was not read before the body, or is not all of it",
        read: "the stub; hint 2",
    }
    .require(&SCENES);
}

#[test]
fn only_the_calling_thread_is_pinned() {
    Scene {
        args: &["pinned", "thread"],
        prints: &[
            "the body: one CPU, an allowed one; the first thread as before: true",
            "the pinned thread afterwards as before: true",
        ],
        likely: "it is the process's number that is given: that is its first thread. The calling thread is 0",
        read: "sched_setaffinity(2): If pid is zero; hint 2",
    }
    .require(&SCENES);
}

#[test]
fn a_body_that_cannot_be_pinned_is_not_called() {
    Scene {
        args: &["pinned", "refused"],
        prints: &["an error, the body is called: false"],
        likely: "the result of sched_setaffinity is not looked at, or is unwrapped",
        read: "sched_setaffinity(2), ERRORS; hint 2",
    }
    .require(&SCENES);
}

// A game between threads.

const TAKES_TURNS: &str = "a side does not wait for the other: for its first turn, or after its own; or it has a \
    turn too many or too few";

#[rstest]
#[case::one_round("1", "Ping Pong")]
#[case::three_rounds("3", "Ping Pong Ping Pong Ping Pong")]
#[case::three_hundred_rounds("300", "600, by turns")]
fn two_threads_take_turns(#[case] rounds: &str, #[case] turns: &str) {
    Scene {
        args: &["game", "threads", rounds],
        prints: &["address spaces: 1", &format!("a cost, turns: {turns}")],
        likely: TAKES_TURNS,
        read: "the stub; hint 3",
    }
    .require(&SCENES);
}

#[rstest]
#[case::between_threads("threads")]
#[case::between_processes("processes")]
#[case::between_tasks("tasks")]
fn a_game_of_no_rounds_costs_nothing(#[case] between: &str) {
    Scene {
        args: &["game", between, "0"],
        prints: &[
            "the cost of nothing: 0, 0, 0",
            "a cost, turns: none",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: "a turn is taken before the rounds are counted; or the sides, which wait, make switches, and these count",
        read: "the stub",
    }
    .require(&SCENES);
}

#[test]
fn the_sides_are_two_threads_for_the_whole_game() {
    Scene {
        args: &["sides", "threads"],
        prints: &[
            "two threads",
            "the same in each turn: true",
            "memory: in common",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "one thread takes all the turns; or each turn has a thread of its own: that measures the making of \
            threads",
        read: "src/sides.rs; hint 3",
    }
    .require(&SCENES);
}

#[test]
fn of_two_threads_the_one_without_the_turn_sleeps() {
    require_sleep("threads");
}

#[track_caller]
fn require_sleep(between: &str) {
    Scene {
        args: &["sleep", between],
        prints: &[
            "the other side slept in 3 of 3 turns of Ping",
            "the other side slept in 3 of 3 turns of Pong",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "a side waits by looking again and again, with yields, pauses or timeouts in between; or it does not \
            wait",
        read: "README, the task; hint 3",
    }
    .require(&SCENES);
}

#[rstest]
#[case::two_threads("threads")]
#[case::two_processes("processes")]
#[case::two_tasks("tasks")]
fn all_turns_are_on_one_cpu(#[case] between: &str) {
    require_one_cpu(&["cpu", between], &[]);
}

#[rstest]
#[case::two_threads("threads")]
#[case::two_processes("processes")]
#[case::two_tasks("tasks")]
fn all_turns_are_on_the_one_cpu_that_the_caller_is_allowed(#[case] between: &str) {
    require_one_cpu(&["cpu", between, "last"], &["afterwards the last CPU only: true"]);
}

#[track_caller]
fn require_one_cpu(args: &[&str], afterwards: &[&str]) {
    let game = [
        "turns on one CPU, an allowed one: 6",
        "both sides on the same one, in every turn: true",
        "a cost, turns: Ping Pong Ping Pong Ping Pong",
    ];
    Scene {
        args,
        prints: &[&game, afterwards].concat(),
        likely: "a side is pinned only after it has begun, or never, or each to a CPU of its own; or it is CPU 0 in \
            any case",
        read: "sched_setaffinity(2), NOTES: a child inherits; hint 3",
    }
    .require(&SCENES);
}

#[rstest]
#[case::two_threads("threads")]
#[case::two_tasks("tasks")]
fn a_thread_that_is_not_the_first_may_play(#[case] between: &str) {
    Scene {
        args: &["cpu", between, "thread"],
        prints: &[
            "both sides on the same CPU: true",
            "turns in which the first thread was left alone: 6",
            "the caller afterwards as before: true",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "the first thread of the process is pinned, instead of the calling one",
        read: "sched_setaffinity(2): If pid is zero; hint 2",
    }
    .require(&SCENES);
}

#[test]
fn every_turn_of_threads_is_a_switch() {
    require_switches("threads");
}

#[track_caller]
fn require_switches(between: &str) {
    Scene {
        args: &["count", between],
        prints: &[
            "switches: as many as the sides have had",
            "one for every turn",
            "a cost, turns: 200, by turns",
        ],
        likely: "only one kind of switches is counted, or those of one side, or of a thread that only waits for both; \
            or a side asks for its number when its game is over",
        read: GETRUSAGE,
    }
    .require(&SCENES);
}

#[rstest]
#[case::of_two_threads("threads")]
#[case::of_two_processes("processes")]
#[case::of_two_tasks("tasks")]
fn voluntary_and_involuntary_switches_count(#[case] between: &str) {
    Scene {
        args: &["both-kinds", between],
        prints: &["switches: as many as the sides have had", "a cost, turns: Ping Pong Ping Pong Ping Pong"],
        likely: "only one kind of switches is counted: in this scene both are in each turn. Or the number is worked \
            out from the rounds",
        read: GETRUSAGE,
    }
    .require(&SCENES);
}

#[rstest]
#[case::beside_two_threads("threads")]
#[case::beside_two_processes("processes")]
#[case::beside_two_tasks("tasks")]
fn switches_of_others_do_not_count(#[case] between: &str) {
    Scene {
        args: &["others-switch", between],
        prints: &[
            "others have made six hundred: true",
            "switches: as many as the sides have had",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "the kernel is asked for the switches of all threads of the process (RUSAGE_SELF), or of all children \
            that have been waited for (RUSAGE_CHILDREN)",
        read: GETRUSAGE,
    }
    .require(&SCENES);
}

#[rstest]
#[case::a_microsecond_a_turn("0", "1000", "4000")]
#[case::seconds_a_turn("3", "999999999", "15999999996")]
#[case::nearly_64_bits("4611686018", "427387903", "18446744073709551612")]
#[case::more_than_64_bits("4611686018", "427387904", "18446744073709551615")]
#[case::centuries("5000000000", "1", "18446744073709551615")]
fn the_time_is_that_of_the_turns(
    #[values("threads", "processes", "tasks")] between: &str,
    #[case] seconds: &str,
    #[case] nanoseconds: &str,
    #[case] total: &str,
) {
    Scene {
        args: &["clock", between, seconds, nanoseconds],
        prints: &[&format!("nanoseconds: {total}"), "a cost, turns: Ping Pong Ping Pong"],
        likely: "in this scene a turn takes as long as the arguments say (seconds, nanoseconds), and an hour goes by \
            before a side is made and after its end. An hour too many: it is measured, too. A turn too few: the last \
            one is not. Another number: another clock, or a type with fewer bits",
        read: "src/sides.rs, Cost; https://doc.rust-lang.org/std/time/struct.Instant.html; hint 4",
    }
    .require(&SCENES);
}

const ENDS: &str = "the other side waits for a turn that never comes; or the panic of a side is unwrapped, or is \
    not noticed; or the affinity is not set back on this way";

#[rstest]
#[case::of_ping_in_the_first("1", "Ping")]
#[case::of_pong_in_the_first("2", "Ping Pong")]
#[case::of_ping_in_the_second("3", "Ping Pong Ping")]
#[case::of_ping_in_the_last("5", "Ping Pong Ping Pong Ping")]
#[case::of_pong_in_the_last("6", "Ping Pong Ping Pong Ping Pong")]
fn a_turn_that_panics_is_the_last(
    #[values("threads", "processes", "tasks")] between: &str,
    #[case] at: &str,
    #[case] turns: &str,
) {
    Scene {
        args: &["panic", between, at],
        prints: &[
            &format!("an error, turns: {turns}"),
            "the caller's CPUs as before: true",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: ENDS,
        read: "the stub, Errors; https://doc.rust-lang.org/std/panic/fn.catch_unwind.html; hint 5",
    }
    .require(&SCENES);
}

#[rstest]
#[case::but_none("0")]
#[case::but_one("1")]
fn if_two_threads_cannot_be_made_nobody_has_a_turn(#[case] most: &str) {
    let all_or_nothing = "all turns and a cost, or no turn and an error: true";
    let of_another = ["the caller's CPUs as before: true", "a cost, turns: Ping Pong Ping Pong"];
    let prints = match most {
        "0" => vec![all_or_nothing, "an error, turns: none"],
        _ => vec![all_or_nothing],
    };
    Scene {
        args: &["no-thread", most],
        prints: &[&prints[..], &of_another].concat(),
        likely: "`spawn` panics where no thread can be made, and `Builder::spawn_scoped` returns an error; or the \
            first of two threads is not told that there is no second, and waits or has a turn",
        read: "https://doc.rust-lang.org/std/thread/struct.Builder.html#method.spawn_scoped; hint 5",
    }
    .require(&SCENES);
}

#[rstest]
#[case::after_a_game("cost", "a cost, turns: Ping Pong")]
#[case::after_a_turn_that_panics("panic", "an error, turns: Ping Pong Ping")]
fn on_return_the_locals_of_a_side_are_dropped(#[case] then: &str, #[case] result: &str) {
    Scene {
        args: &["locals", then],
        prints: &["a side is a new thread: true", "of its locals are left: 0", result],
        likely: "`thread::scope` waits until the closures have ended, and not the threads: their thread-locals are \
            dropped later. `join` waits for the end of the thread; an error that returns before it leaves a thread",
        read: "https://doc.rust-lang.org/std/thread/fn.scope.html, on joining; hint 5",
    }
    .require(&SCENES);
}

#[rstest]
#[case::for_threads("threads")]
#[case::for_processes("processes")]
#[case::for_tasks("tasks")]
fn if_the_cpu_cannot_be_had_nobody_has_a_turn(#[case] between: &str) {
    Scene {
        args: &["no-cpu", between],
        prints: &["an error, turns: none"],
        likely: "the result of sched_setaffinity is not looked at, or is unwrapped",
        read: "sched_setaffinity(2), ERRORS; hint 2",
    }
    .require(&SCENES);
}

#[rstest]
#[case::two_threads("threads")]
#[case::two_processes("processes")]
fn a_signal_in_its_sleep_gives_a_side_no_turn(#[case] between: &str) {
    Scene {
        args: &["signals", between],
        prints: &[
            "a signal in each turn: true",
            "turns in which the others slept on: 6",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "a call that a signal has interrupted (EINTR) is taken for the turn, or for the end of the game",
        read: "signal(7), Interruption of system calls and library functions by signal handlers; hint 3",
    }
    .require(&SCENES);
}

#[test]
fn of_two_threads_the_one_that_is_woken_looks_whether_it_has_the_turn() {
    Scene {
        args: &["tokens"],
        prints: &["a cost, turns: Ping Pong Ping Pong Ping Pong"],
        likely: "`park` may return without the other side's `unpark`: in this scene each turn leaves a token. Who is \
            woken has to look whether it is its turn, and else sleep again",
        read: "https://doc.rust-lang.org/std/thread/fn.park.html; hint 3",
    }
    .require(&SCENES);
}

#[rstest]
#[case::of_threads("threads", "threads")]
#[case::of_tasks("tasks", "tasks")]
#[case::of_processes("processes", "processes")]
#[case::of_processes_that_begin_others("processes", "threads")]
fn a_game_may_be_played_within_a_turn(#[case] between: &str, #[case] inner: &str) {
    Scene {
        args: &["within", between, inner],
        prints: &["games within the turns: 4", "a cost, turns: Ping Pong Ping Pong"],
        likely: "the turn is in a place that the inner game uses, too: a static",
        read: "the stub",
    }
    .require(&SCENES);
}

#[rstest]
#[case::between_threads("threads")]
#[case::between_tasks("tasks")]
fn eight_callers_play_at_once(#[case] between: &str) {
    Scene {
        args: &["at-once", between],
        prints: &["80 of 80 games"],
        likely: "the turn is in a place that all games use: a static",
        read: "the stub",
    }
    .require(&SCENES);
}

#[rstest]
#[case::between_threads("threads")]
#[case::between_processes("processes")]
#[case::between_tasks("tasks")]
fn two_hundred_games_leave_nothing(#[case] between: &str) {
    Scene {
        args: &["again", between],
        prints: &["200 of 200 games", "mappings left: false"],
        likely: "each game leaves a descriptor, a child, a thread or a page",
        read: "the stub",
    }
    .require(&SCENES);
}

#[rstest]
#[case::of_threads("threads", "1")]
#[case::of_processes("processes", "2")]
#[case::of_tasks("tasks", "1")]
fn a_caller_may_block_all_signals(#[case] between: &str, #[case] spaces: &str) {
    Scene {
        args: &["game", between, "3", "blocked"],
        prints: &[
            &format!("address spaces: {spaces}"),
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "the turn is handed over by a signal: a child has its parent's mask",
        read: "pipe(7); hint 6",
    }
    .require(&SCENES);
}

// A game between processes.

#[rstest]
#[case::one_round("1", "Ping Pong")]
#[case::three_rounds("3", "Ping Pong Ping Pong Ping Pong")]
#[case::three_hundred_rounds("300", "600, by turns")]
fn two_processes_take_turns(#[case] rounds: &str, #[case] turns: &str) {
    Scene {
        args: &["game", "processes", rounds],
        prints: &["address spaces: 2", &format!("a cost, turns: {turns}")],
        likely: TAKES_TURNS,
        read: "the stub; hint 6",
    }
    .require(&SCENES);
}

#[test]
fn the_sides_are_two_processes_with_memory_of_their_own() {
    Scene {
        args: &["sides", "processes"],
        prints: &[
            "two processes",
            "the same in each turn: true",
            "memory: each its own",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "the sides are threads; or a child is made for each turn; or the child shares the memory (CLONE_VM)",
        read: "fork(2); hint 6",
    }
    .require(&SCENES);
}

#[test]
fn of_two_processes_the_one_without_the_turn_sleeps() {
    require_sleep("processes");
}

#[test]
fn every_turn_of_processes_is_a_switch() {
    require_switches("processes");
}

#[test]
fn a_caller_may_ignore_the_end_of_its_children() {
    Scene {
        args: &["no-status"],
        prints: &[
            "switches: as many as the sides have had",
            "one for every turn",
            "a cost, turns: 200, by turns",
        ],
        likely: "the caller ignores SIGCHLD: then waitpid fails with ECHILD, which is no error here, and the kernel \
            tells a parent nothing of what its child has used. The child can ask for itself, and tell",
        read: "wait(2), NOTES; getrusage(2), NOTES; hint 7",
    }
    .require(&SCENES);
}

#[rstest]
#[case::by_exit_in_its_first("exit", "1")]
#[case::by_exit_in_its_last("exit", "3")]
#[case::by_underscore_exit("_exit", "2")]
#[case::killed("killed", "2")]
#[case::killed_by_a_real_time_signal("real-time", "1")]
fn a_child_that_ends_in_its_turn_has_the_last(#[case] how: &str, #[case] turn: &str) {
    Scene {
        args: &["death", how, turn],
        prints: &[
            "a child ended in its turn: true",
            "turns after that: 0",
            "an error",
            "the caller's CPUs as before: true",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: "the caller has a write end of its own open, and waits for the end of the pipe for ever; or whoever \
            waits on a word in memory is woken by nobody; or the missing turn and the missing report are taken for a \
            turn and a report",
        read: "pipe(7), I/O on pipes and FIFOs; hint 7",
    }
    .require(&SCENES);
}

#[rstest]
#[case::of_ping("1", "Ping")]
#[case::of_pong("2", "Ping Pong")]
fn a_panic_ends_a_child_that_handles_all_signals(#[case] at: &str, #[case] turns: &str) {
    Scene {
        args: &["panic", "processes", at, "handled"],
        prints: &[
            &format!("an error, turns: {turns}"),
            "the caller's CPUs as before: true",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: "the child is to be ended by a signal, for which it has its handler from the caller: then it is \
            waited for, for ever",
        read: "signal(7), Signal dispositions: a child inherits; hint 7",
    }
    .require(&SCENES);
}

#[rstest]
#[case::by_exit_in_its_first("exit", "1")]
#[case::by_exit_in_its_last("exit", "3")]
#[case::killed_in_its_last("killed", "3")]
fn a_child_that_ends_without_a_status_has_the_last_turn(#[case] how: &str, #[case] turn: &str) {
    Scene {
        args: &["death", how, turn, "no-status"],
        prints: &[
            "a child ended in its turn: true",
            "turns after that: 0",
            "an error",
            "the caller's CPUs as before: true",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: "the caller ignores SIGCHLD, so there is no status (ECHILD): that is taken for a good end",
        read: "wait(2), NOTES; hint 7",
    }
    .require(&SCENES);
}

#[test]
fn a_child_that_is_stopped_has_not_ended() {
    Scene {
        args: &["stops-on-its-way-out"],
        prints: &["a cost, turns: Ping Pong", "on return the child is there: false"],
        likely: "a stop of the child is taken for its end (WUNTRACED), and nobody waits any more",
        read: "wait(2): WUNTRACED",
    }
    .require(&SCENES);
}

#[test]
fn a_child_that_leaves_a_program_behind_has_the_last_turn() {
    Scene {
        args: &["survivor"],
        prints: &["a program lives on: true", "turns after that: 0", "an error"],
        likely: "the descriptors of the game are not close-on-exec: a program that a turn has started has copies of \
            them, and the end of the file does not come",
        read: "open(2), O_CLOEXEC; pipe(2); hint 7",
    }
    .require(&SCENES);
}

#[rstest]
#[case::for_its_first_turn("1")]
#[case::for_its_second_turn("3")]
fn a_child_that_is_killed_while_it_waits_has_no_turn(#[case] at: &str) {
    Scene {
        args: &["killed", at],
        prints: &[
            "a child was killed while it waited: true",
            "turns after that: 0",
            "an error",
            "the caller's CPUs as before: true",
            "a cost, turns: Ping Pong Ping Pong",
        ],
        likely: "the turn is handed over to a child that has died, and its answer is waited for, for ever; or the \
            write to it fails (EPIPE), and that is unwrapped",
        read: "pipe(7), I/O on pipes and FIFOs; hint 7",
    }
    .require(&SCENES);
}

#[rstest]
#[case::after_its_last_turn("normal", "a cost")]
#[case::when_its_turn_panics("panic", "an error")]
fn nothing_of_the_caller_runs_when_a_child_ends(#[case] how: &str, #[case] result: &str) {
    Scene {
        args: &["way-out", how],
        prints: &[
            "[printed before] destructors: 0, handlers: 0",
            "a child had a turn: true",
            result,
        ],
        likely: "the child returns or unwinds into the frames that it has from the caller; or it leaves by exit, which \
            writes buffers and runs handlers a second time",
        read: "_exit(2), NOTES; https://doc.rust-lang.org/std/panic/fn.catch_unwind.html; hint 7",
    }
    .require(&SCENES);
}

#[test]
fn other_children_stay_the_callers() {
    Scene {
        args: &["others"],
        prints: &[
            "a cost, turns: Ping Pong Ping Pong",
            "the child that ended: 9",
            "the child that lives on: 4",
        ],
        likely: "any child is waited for (`wait`, or waitpid with -1)",
        read: "wait(2): the value of pid",
    }
    .require(&SCENES);
}

// A game between tasks.

#[rstest]
#[case::one_round("1", "Ping Pong")]
#[case::three_rounds("3", "Ping Pong Ping Pong Ping Pong")]
#[case::three_hundred_rounds("300", "600, by turns")]
fn two_tasks_take_turns(#[case] rounds: &str, #[case] turns: &str) {
    Scene {
        args: &["game", "tasks", rounds],
        prints: &["address spaces: 1", &format!("a cost, turns: {turns}")],
        likely: "a task does not wait for the other; or it waits, and nobody calls its waker: then `run` says that it \
            would wait for ever",
        read: "src/tasks.rs; hint 8",
    }
    .require(&SCENES);
}

#[test]
fn the_sides_are_two_tasks_of_the_calling_thread() {
    Scene {
        args: &["sides", "tasks"],
        prints: &[
            "one thread",
            "the same in each turn: true",
            "two tasks on the calling thread",
            "memory: in common",
            "a cost, turns: Ping Pong Ping Pong Ping Pong",
        ],
        likely: "the turns are taken by a plain loop, or all by one future; or Pong's future is given first",
        read: "src/sides.rs; src/tasks.rs; hint 8",
    }
    .require(&SCENES);
}

#[test]
fn turns_of_tasks_are_next_to_no_switches() {
    Scene {
        args: &["count", "tasks"],
        prints: &[
            "switches: as many as the sides have had",
            "next to none",
            "a cost, turns: 200, by turns",
        ],
        likely: "a task waits in a call that sleeps, instead of returning Pending: then nobody polls the other one. \
            Or the number is worked out from the rounds",
        read: "https://doc.rust-lang.org/std/task/enum.Poll.html; hint 8",
    }
    .require(&SCENES);
}

// The price.

#[rstest]
#[case::one_game("threads", "2", &["400"], "Some(100)")]
#[case::the_middle_of_three("processes", "2", &["800", "400", "1200"], "Some(200)")]
#[case::one_that_an_interrupt_spoilt(
    "threads", "2", &["400", "404", "8000000000", "396", "400"], "Some(100)"
)]
#[case::the_mean_of_the_two_in_the_middle("tasks", "1", &["20", "40", "60", "1000"], "Some(25)")]
#[case::rounded_down_for_each_game("processes", "2", &["7", "9"], "Some(1)")]
#[case::less_than_a_nanosecond("tasks", "2", &["3", "3", "3"], "Some(0)")]
#[case::no_games("threads", "2", &[], "None")]
#[case::games_without_rounds("tasks", "0", &["1", "1"], "None")]
fn what_a_turn_takes_is_the_median_of_the_games(
    #[case] between: &str,
    #[case] rounds: &str,
    #[case] games: &[&str],
    #[case] result: &str,
) {
    let turns = 2 * rounds.parse::<usize>().expect("a number") * games.len();
    let turns = match turns {
        0 => "none".to_owned(),
        17.. => format!("{turns}, by turns"),
        _ => vec!["Ping Pong"; turns / 2].join(" "),
    };
    Scene {
        args: &[&["batches", between, rounds], games].concat(),
        prints: &[
            &format!("a turn takes: {result}"),
            &format!("turns: {turns}"),
            "one more game: Some(50)",
        ],
        likely: "in this scene the games take as many nanoseconds as the arguments say. It is their mean, or the whole \
            time divided by all turns, or the time of a round or a game; or the median is divided, instead of each \
            game; or the number of turns is 0",
        read: "the stub; hint 9",
    }
    .require(&SCENES);
}

#[test]
fn a_game_that_fails_is_an_error_of_the_price() {
    Scene {
        args: &["batches-fail", "tasks"],
        prints: &["an error", "turns: Ping Pong Ping Pong Ping Pong"],
        likely: "a game that fails is left out, or counts as 0",
        read: "the stub, Errors; hint 9",
    }
    .require(&SCENES);
}
