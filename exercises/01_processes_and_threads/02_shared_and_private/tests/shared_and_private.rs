//! What `across`, `is_seen` and `inventory` promise, easiest first: threads, processes, the table.
//!
//! All happens in `src/bin/shared_scenes.rs`, a process with one thread; each test runs one of its scenes and reads
//! what it printed.

use rstest::rstest;
use testkit::program::Program;
use testkit::require;
use testkit::scene::{Scene, Scenes};

const SCENES: Scenes<'_> = Scenes {
    program: env!("CARGO_BIN_EXE_shared_scenes"),
    leaves: "no thread, no child, no descriptor, no signal blocked",
    likely: "a thread is not joined, a child not waited for (a zombie), or an end of a pipe not closed",
    read: "wait(2), NOTES: zombies; the stub",
};

#[rstest]
#[case::zero(0)]
#[case::one(1)]
#[case::the_largest(u64::MAX)]
fn the_answer_of_a_thread_comes_back(#[case] number: u64) {
    Scene {
        args: &["answer", "thread", &number.to_string()],
        prints: &[&format!("answer {number}"), "changes: 1, looks: 1"],
        likely: "the thread is not joined, or what it returns is dropped",
        read: "https://doc.rust-lang.org/std/thread/fn.scope.html",
    }
    .require(&SCENES);
}

#[test]
fn the_caller_makes_the_change_and_another_thread_looks() {
    Scene {
        args: &["sides", "thread"],
        prints: &[
            "change: the calling thread, 1 time(s)",
            "look: another thread, 1 time(s)",
            "answer 5",
        ],
        likely: "both run on one thread, or in another process; or `look` is called twice",
        read: "README, the task",
    }
    .require(&SCENES);
}

#[test]
fn a_thread_looks_only_after_the_change() {
    Scene {
        args: &["order", "thread"],
        prints: &[
            "during the change the other side: Asleep",
            "during the look the caller: Asleep",
            "answer 7",
        ],
        likely: "not there, Ended: the thread is made after the change, or does not wait for it and has looked \
            already; Spinning, AsleepByTheClock: somebody waits by looking again and again",
        read: "hint 2",
    }
    .require(&SCENES);
}

#[test]
fn a_thread_is_there_before_the_change() {
    Scene {
        args: &["before", "thread"],
        prints: &["the word: 1, the signal: free"],
        likely: "the thread is made after the change, and inherits the signal mask of its maker",
        read: "pthread_sigmask(3), DESCRIPTION; hint 2",
    }
    .require(&SCENES);
}

#[rstest]
#[case::it_answers("it-answers", "answer 5")]
#[case::the_look_panics("the-look-panics", "error")]
#[case::the_change_panics("the-change-panics", "the panic")]
fn a_thread_has_ended_on_return(#[case] then: &str, #[case] result: &str) {
    Scene {
        args: &["last-act", then],
        prints: &[result, "the last act of the thread is over"],
        likely: "the thread is not joined: an answer that has come, or the end of `thread::scope`, is no end of the \
            thread, whose thread-locals are destroyed after that",
        read: "https://doc.rust-lang.org/std/thread/struct.ScopedJoinHandle.html#method.join; hints 1 and 3",
    }
    .require(&SCENES);
}

#[rstest]
#[case::a_thread("thread")]
#[case::a_child("process")]
fn the_other_side_begins_with_what_it_inherits(#[case] boundary: &str) {
    Scene {
        args: &["inherits", boundary],
        prints: &["of 18 properties are not as the caller's: "],
        likely: "the other side is given a state that the caller does not have: a mask that was set around the fork is \
            emptied instead of set back, a disposition is reset, or the child gets a process group of its own; a fork \
            and a new thread take the caller's state as it is",
        read: "fork(2), DESCRIPTION; README, the task",
    }
    .require(&SCENES);
}

#[test]
fn a_change_that_panics_ends_the_thread_without_a_look() {
    Scene {
        args: &["panic", "thread"],
        prints: &["during the change the other side: Asleep", "the panic", "looks: 0", "answer 6"],
        likely: "after the panic the thread looks all the same, or waits for a word that never comes; or the panic \
            is made an error or another panic",
        read: "hint 3",
    }
    .require(&SCENES);
}

#[test]
fn a_look_that_panics_in_a_thread_is_an_error() {
    Scene {
        args: &["look-panics", "thread"],
        prints: &[
            "[printed before] destructors: 0, handlers: 0",
            "answer 5",
            "error",
            "answer 6",
        ],
        likely: "`join` returns the panic as its error, and that is unwrapped, or taken for an answer",
        read: "https://doc.rust-lang.org/std/thread/struct.ScopedJoinHandle.html#method.join",
    }
    .require(&SCENES);
}

#[test]
fn a_thread_that_cannot_be_made_is_an_error_and_nothing_is_changed() {
    Scene {
        args: &["no-thread"],
        prints: &[
            "error",
            "changes: 0",
            "answer 6",
        ],
        likely: "`spawn` panics where there is no thread to be had, and `Builder::spawn_scoped` returns an error; or \
            the change is made before there is a thread",
        read: "https://doc.rust-lang.org/std/thread/struct.Builder.html#method.spawn_scoped",
    }
    .require(&SCENES);
}

#[test]
fn many_threads_ask_at_once() {
    Scene {
        args: &["at-once"],
        prints: &["800 of 800 answers"],
        likely: "an answer or a word passes through a static: it is another caller's by then",
        read: "the stub",
    }
    .require(&SCENES);
}

#[rstest]
#[case::zero(0)]
#[case::one(1)]
#[case::more_than_7_bits(128)]
#[case::as_an_exit_code_of_a_panic(101)]
#[case::the_largest_of_8_bits(255)]
#[case::more_than_8_bits(256)]
#[case::more_than_16_bits(1 << 16)]
#[case::more_than_31_bits(1 << 31)]
#[case::more_than_32_bits(1 << 32)]
#[case::the_largest_signed(i64::MAX as u64)]
#[case::one_less_than_the_largest(u64::MAX - 1)]
#[case::the_largest(u64::MAX)]
fn the_answer_of_a_child_comes_back(#[case] number: u64) {
    Scene {
        args: &["answer", "process", &number.to_string()],
        prints: &[&format!("answer {number}"), "changes: 1, looks: 1"],
        likely: "the answer is the exit code, of which the parent gets 8 bits; or it is put into a variable, of \
            which the child has a copy; or one number stands for no answer",
        read: "_exit(2), DESCRIPTION; pipe(7); hint 4",
    }
    .require(&SCENES);
}

#[test]
fn the_caller_makes_the_change_and_a_child_looks() {
    Scene {
        args: &["sides", "process"],
        prints: &["change: the calling thread, 1 time(s)", "look: a child, 1 time(s)", "answer 5"],
        likely: "both run in one process, or both sides of the fork run both; or the child returns from `across`",
        read: "fork(2), RETURN VALUE; hint 4",
    }
    .require(&SCENES);
}

#[test]
fn a_child_looks_only_after_the_change() {
    Scene {
        args: &["order", "process"],
        prints: &[
            "during the change the other side: Asleep",
            "during the look the caller: Asleep",
            "answer 7",
        ],
        likely: "not there, Ended: the child is made after the change, or does not wait for it and has looked \
            already; Spinning, AsleepByTheClock: somebody waits by looking again and again",
        read: "hint 5",
    }
    .require(&SCENES);
}

#[test]
fn a_child_is_there_before_the_change() {
    Scene {
        args: &["before", "process"],
        prints: &["the word: 0, the signal: free"],
        likely: "the child is made after the change, and is a copy of a parent that has it",
        read: "fork(2), DESCRIPTION; README, the task",
    }
    .require(&SCENES);
}

#[test]
fn a_change_that_panics_ends_the_child_without_a_look() {
    Scene {
        args: &["panic", "process"],
        prints: &["during the change the other side: Asleep", "the panic", "looks: 0", "answer 6"],
        likely: "the end of the pipe is taken for the word to look; or the child has a write end of its own, so \
            that it never sees the end; or the panic is made an error or another panic",
        read: "pipe(7), I/O on pipes and FIFOs; hint 6",
    }
    .require(&SCENES);
}

#[test]
fn a_look_that_panics_in_a_child_is_an_error_and_nothing_of_the_caller_runs_there() {
    Scene {
        args: &["look-panics", "process"],
        prints: &[
            "[printed before] destructors: 0, handlers: 0",
            "answer 5",
            "error",
            "answer 6",
        ],
        likely: "the panic unwinds into the frames that the child has from the caller; or the child leaves by \
            exit, which writes buffers and runs handlers a second time; or a panic hook of its own takes the place of \
            the caller's, which is dropped",
        read: "_exit(2), NOTES; https://doc.rust-lang.org/std/panic/fn.catch_unwind.html; hint 4",
    }
    .require(&SCENES);
}

#[rstest]
#[case::by_exit_with_0("exit")]
#[case::by_exit_with_3("exit-3")]
#[case::by_underscore_exit("_exit")]
#[case::killed("killed")]
#[case::killed_by_a_real_time_signal("real-time")]
fn a_child_that_ends_in_its_look_is_an_error(#[case] how: &str) {
    Scene {
        args: &["look-ends", how],
        prints: &["error", "answer 6"],
        likely: "an answer is made up of the wait status or of bytes that never came; or the caller has a write end \
            of its own open, and waits for the end of the pipe for ever",
        read: "pipe(7), I/O on pipes and FIFOs; hint 6",
    }
    .require(&SCENES);
}

#[test]
fn a_child_that_is_stopped_has_not_ended() {
    Scene {
        args: &["stops-on-its-way-out"],
        prints: &["answer 5", "on return the child is there: false"],
        likely: "a stop of the child is taken for its end (WUNTRACED), and nobody waits any more",
        read: "wait(2): WUNTRACED",
    }
    .require(&SCENES);
}

#[test]
fn other_children_stay_the_callers() {
    Scene {
        args: &["others"],
        prints: &["answer 5", "the child that ended: 9", "the child that lives on: 4"],
        likely: "any child is waited for (`wait`, or waitpid with -1)",
        read: "wait(2): the value of pid",
    }
    .require(&SCENES);
}

#[test]
fn a_caller_may_ignore_the_end_of_its_children() {
    Scene {
        args: &["no-status"],
        prints: &["answer 5", "error"],
        likely: "waitpid fails with ECHILD, since the kernel keeps no status, and the answer that had come is \
            thrown away",
        read: "wait(2), NOTES: SIGCHLD that is ignored",
    }
    .require(&SCENES);
}

#[rstest]
#[case::a_thread_answers("thread", "answer", "answer 5")]
#[case::a_child_answers("process", "answer", "answer 5")]
#[case::the_change_panics("process", "panic", "the panic")]
#[case::the_child_ends_in_its_look("process", "death", "error")]
fn a_process_that_the_change_leaves_behind_lives_on(
    #[case] boundary: &str,
    #[case] then: &str,
    #[case] result: &str,
) {
    Scene {
        args: &["survivor", boundary, then],
        prints: &[result, "the survivor has lived on"],
        likely: "somebody waits for the end of a pipe, and a process that the change has left behind has the \
            write end, too: a byte is a message that nobody else holds up",
        read: "pipe(7), I/O on pipes and FIFOs; hint 6",
    }
    .require(&SCENES);
}

#[rstest]
#[case::threads("thread", "thread")]
#[case::processes("process", "process")]
#[case::threads_in_a_child("process", "thread")]
fn a_change_and_a_look_may_go_across_again(#[case] boundary: &str, #[case] within: &str) {
    Scene {
        args: &["nested", boundary, within],
        prints: &["in the change: 1", "answer 42"],
        likely: "what passes between the sides is in a place that the inner call uses, too",
        read: "the stub",
    }
    .require(&SCENES);
}

#[rstest]
#[case::to_threads("thread")]
#[case::to_children("process")]
fn three_hundred_calls_leave_nothing(#[case] boundary: &str) {
    Scene {
        args: &["again", boundary],
        prints: &["300 of 300 answers"],
        likely: "each call leaves a descriptor, a child or a thread, until there is none to be had",
        read: "the stub",
    }
    .require(&SCENES);
}

#[test]
fn a_child_that_is_killed_before_its_look_is_an_error() {
    Scene {
        args: &["killed-before-the-look"],
        prints: &["the child is killed: true", "error", "answer 6"],
        likely: "the word to a child that has died cannot be written (EPIPE), and the error is unwrapped",
        read: "pipe(7), I/O on pipes and FIFOs; hint 6",
    }
    .require(&SCENES);
}

#[rstest]
#[case::a_static("0", "yes no")]
#[case::a_word_on_the_heap("1", "yes no")]
#[case::a_word_on_the_stack("2", "yes no")]
#[case::a_thread_local("3", "no no")]
#[case::errno("4", "no no")]
#[case::the_working_directory("5", "yes no")]
#[case::the_umask("6", "yes no")]
#[case::the_environment("7", "yes no")]
#[case::a_descriptor_that_is_closed("8", "yes no")]
#[case::the_offset_of_an_open_file("9", "yes yes")]
#[case::the_disposition_of_a_signal("10", "yes no")]
#[case::the_signal_mask("11", "no no")]
#[case::the_nice_value("12", "no no")]
#[case::a_resource_limit("13", "yes no")]
fn a_change_is_seen_by_a_thread_and_by_a_child(#[case] resource: &str, #[case] seen: &str) {
    Scene {
        args: &["cell", resource],
        prints: &[seen, "the offset: yes yes", &format!("again: {seen}")],
        likely: "the other side's reading is compared with the caller's from before the change: each side may have \
            begun with a value of its own. Or each side has a probe of its own; or the boundary is always the same",
        read: "README, the task; hint 7",
    }
    .require(&SCENES);
}

#[test]
fn the_inventory_has_a_row_for_each_resource_in_order() {
    require_inventory(&["inventory"]);
}

#[test]
fn the_inventory_of_an_odd_caller_is_the_same() {
    // Signals ignored and blocked, another directory, a umask that forbids everything: set by the scene.
    require_inventory(&["inventory", "of-an-odd-caller"]);
}

#[track_caller]
fn require_inventory(args: &[&str]) {
    const TABLE: [&str; 14] = [
        "a static                    yes no",
        "a word on the heap          yes no",
        "a word on the stack         yes no",
        "a thread-local              no no",
        "errno                       no no",
        "the working directory       yes no",
        "the umask                   yes no",
        "the environment             yes no",
        "an open descriptor          yes no",
        "the offset of an open file  yes yes",
        "a signal's disposition      yes no",
        "the signal mask             no no",
        "the nice value              no no",
        "a resource limit            yes no",
    ];
    let program = Program::new(SCENES.program);
    let observed = args.iter().fold(program, |program, arg| program.arg(*arg)).run();
    let lines = observed.lines();
    let rows = &lines[..lines.len().saturating_sub(1)];
    let (expected, seen) = (TABLE.join("\n"), format!("{}{}", rows.join("\n"), observed.stderr));
    require!(rows == TABLE,
        expected: "resource, whether a thread sees the change, whether a child does:\n{expected}",
        seen: "{seen}",
        likely: "a row is left out, twice there or in another place, or its two answers are exchanged; or the caller's \
            state is taken to be the usual one",
        read: "the stub; tests/shared_and_private.rs, the cells",
    );
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    Scene {
        args: &["no-probe"],
        prints: &["error", "error", "error"],
        likely: "an error in the child that measures is told as a no, or is left out of the inventory",
        read: "the stub",
    }
    .require(&SCENES);
}

#[test]
fn what_cannot_be_measured_without_a_thread_is_an_error() {
    Scene {
        args: &["no-thread-for-a-cell"],
        prints: &["error, and then yes", "error, and then no", "error"],
        likely: "in the child that measures no thread is to be had, and this error of the inner `across` is told as a \
            no",
        read: "the stub",
    }
    .require(&SCENES);
}

#[test]
fn the_caller_stays_as_it_was() {
    Scene {
        args: &["leaves"],
        prints: &["14 rows"],
        likely: "the changes are made in the caller, and stay; or what is restored is not all of it: let a child make \
            them, of which nothing stays",
        read: "README, the task; hint 8",
    }
    .require(&SCENES);
}
