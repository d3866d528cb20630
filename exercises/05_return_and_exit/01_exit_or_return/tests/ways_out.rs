//! What each way out of a process does on the way, seen from outside: every case is a process.

use exit_or_return::evidence::{Aftermath, Ending, Trace, Way};
use exit_or_return::predict;
use rstest::rstest;
use testkit::program::{self, Program};
use testkit::require;

/// The exit code that the program asks for.
const CODE: u8 = 3;

const ALL_FOUR: [Trace; 4] =
    [Trace::Destructor, Trace::RustStdout, Trace::AtexitHandler, Trace::CStdio];

struct Seen {
    aftermath: Aftermath,
    stderr: String,
}

/// Lays out the evidence in a process, sends it out this way, and collects what it leaves.
#[track_caller]
fn send_out(way: &str) -> Seen {
    let observed = Program::new(env!("CARGO_BIN_EXE_exit_or_return"))
        .arg(way)
        .env("RUST_BACKTRACE", "0")
        .run();
    let stderr = observed.stderr.trim_start().to_owned();
    require!(!stderr.contains("not yet implemented"),
        expected: "the process to leave by: {way}",
        seen: "{stderr}",
        likely: "a `todo!` is still there",
        read: "README, the task",
    );
    let ending = match observed.ending {
        program::Ending::Exited(code) => Ending::Exited(code.try_into().expect("8 bits, wait(2)")),
        program::Ending::Signalled(signal) => Ending::Killed(signal as i32),
        program::Ending::TimedOut => require!(
            expected: "the process to leave by: {way}",
            seen: "it was still there at the deadline",
            likely: "only the calling thread has ended (SYS_exit), and the other one still sleeps",
            read: "_exit(2), C library/kernel differences; exit_group(2)",
        ),
    };
    require!(ending != Ending::Exited(0),
        expected: "the process to leave by {way} with code {CODE}, or by a signal or a panic",
        seen: "Exited(0): it has ended as if all were well",
        likely: "the code is not passed on, or the process ends before it has laid out its evidence",
        read: "README, the task",
    );
    Seen { aftermath: Aftermath { traces: Trace::read_all(&observed.stdout), ending }, stderr }
}

#[rstest]
#[case::return_from_main(Way::Return, Ending::Exited(CODE), "it returns another ExitCode")]
#[case::process_exit(Way::ProcessExit, Ending::Exited(CODE), "the code is not passed on")]
#[case::exit(Way::Exit, Ending::Exited(CODE), "the code is not passed on")]
#[case::underscore_exit(Way::UnderscoreExit, Ending::Exited(CODE), "the code is not passed on")]
#[case::exit_group(
    Way::ExitGroup,
    Ending::Exited(CODE),
    "another system call than SYS_exit_group, or the code is not passed on"
)]
#[case::abort(
    Way::Abort,
    Ending::Killed(libc::SIGABRT),
    "it exits with a code instead: a process that aborts dies of the signal SIGABRT, abort(3)"
)]
#[case::panic(
    Way::Panic,
    Ending::Exited(101),
    "it exits or aborts instead: a panic of the main thread ends the program with code 101"
)]
fn a_way_out_ends_the_process_as_it_should(
    #[case] way: Way,
    #[case] right: Ending,
    #[case] likely: &str,
) {
    let ending = send_out(way.name()).aftermath.ending;
    require!(ending == right,
        expected: "{way:?} with code {CODE} to end the process with {right:?}",
        seen: "{ending:?}",
        likely: "{likely}",
        read: "wait(2); https://doc.rust-lang.org/std/macro.panic.html",
    );
}

#[rstest]
#[case::return_from_main(
    Way::Return,
    &ALL_FOUR,
    "`leave` ends the process itself, so the frames above it never return"
)]
#[case::process_exit(
    Way::ProcessExit,
    &ALL_FOUR[1..],
    "another function than std::process::exit, which flushes Rust's output and calls exit(3)"
)]
#[case::exit(
    Way::Exit,
    &ALL_FOUR[2..],
    "another function than libc::exit: exit(3) runs C's handlers and flushes C's streams, not Rust's"
)]
#[case::underscore_exit(
    Way::UnderscoreExit,
    &[],
    "exit(3) where _exit(2) belongs: the one with the underscore runs and flushes nothing"
)]
#[case::exit_group(
    Way::ExitGroup,
    &[],
    "a library function where the system call itself belongs: libc::syscall"
)]
#[case::abort(Way::Abort, &[], "something flushes or unwinds before the abort")]
#[case::panic(
    Way::Panic,
    &ALL_FOUR,
    "the process is ended by hand: an unwinding panic needs no help"
)]
fn a_way_out_does_no_more_and_no_less_on_the_way(
    #[case] way: Way,
    #[case] right: &[Trace],
    #[case] likely: &str,
) {
    let traces = send_out(way.name()).aftermath.traces;
    require!(traces == right,
        expected: "{way:?} to leave these traces: {right:?}",
        seen: "{traces:?}",
        likely: "{likely}",
        read: "exit(3), _exit(2), exit_group(2), abort(3)",
    );
}

#[rstest]
#[case::return_from_main(Way::Return)]
#[case::process_exit(Way::ProcessExit)]
#[case::exit(Way::Exit)]
#[case::underscore_exit(Way::UnderscoreExit)]
#[case::exit_group(Way::ExitGroup)]
#[case::abort(Way::Abort)]
#[case::panic(Way::Panic)]
fn a_prediction_is_what_then_happens(#[case] way: Way) {
    let predicted = predict(way, CODE);
    let happened = send_out(way.name()).aftermath;
    let Aftermath { traces, ending } = &happened;
    let Aftermath { traces: foretold, ending: foretold_ending } = &predicted;
    let likely = match way {
        Way::Return | Way::Panic => {
            "both leave main's frames one by one; then Rust's runtime flushes, returns from C's main, and exit(3) follows"
        }
        Way::ProcessExit => "it flushes Rust's output and calls exit(3); no frame is left first",
        Way::Exit => "a library function of C: it runs handlers, then flushes, and knows no Rust",
        Way::UnderscoreExit | Way::ExitGroup => "this is the system call: nothing runs after it",
        Way::Abort => {
            "abnormal termination: a signal, no handlers, and nothing is flushed (by glibc since 2.27)"
        }
    };
    require!(predicted == happened,
        expected: "the prediction for {way:?} to come true: {foretold:?}, then {foretold_ending:?}",
        seen: "{traces:?}, then {ending:?}",
        likely: "{likely}",
        read: "hint 2; exit(3), atexit(3)",
    );
}

#[test]
fn a_prediction_knows_the_code() {
    let with_a_code =
        [Way::Exit, Way::Return, Way::ProcessExit, Way::UnderscoreExit, Way::ExitGroup];
    for way in with_a_code {
        let (ending, name) = (predict(way, 42).ending, way.name());
        require!(ending == Ending::Exited(42),
            expected: "{name} with code 42 to end the process with Exited(42)",
            seen: "{ending:?} was predicted",
            likely: "the code is written into the table instead of the argument",
            read: "README, the task",
        );
    }
}

/// The destructor of main, and one of each of the three frames below `run`.
const UNWOUND: [Trace; 7] = [
    Trace::Destructor,
    Trace::Destructor,
    Trace::Destructor,
    Trace::Destructor,
    Trace::RustStdout,
    Trace::AtexitHandler,
    Trace::CStdio,
];

#[test]
fn a_body_that_returns_is_left_alone() {
    let Seen { aftermath: Aftermath { traces, ending }, .. } = send_out("return to run");
    require!(ending == Ending::Exited(CODE) && traces == UNWOUND,
        expected: "run to return the exit code of its body: {UNWOUND:?}, then Exited({CODE})",
        seen: "{traces:?}, then {ending:?}",
        likely: "`run` makes an exit code of its own, or ends the process itself",
        read: "README, the task",
    );
}

#[test]
fn an_unwinding_exit_ends_the_process_with_its_code() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } = send_out("unwinding exit");
    require!(ending == Ending::Exited(CODE),
        expected: "unwinding_exit({CODE}) to end the process with Exited({CODE})",
        seen: "{ending:?}, and on standard error: {stderr}",
        likely: "`run` does not catch it, or does not find the code in the payload",
        read: "hint 3; https://doc.rust-lang.org/std/panic/fn.catch_unwind.html",
    );
}

#[test]
fn an_unwinding_exit_runs_the_destructors_of_every_frame() {
    let traces = send_out("unwinding exit").aftermath.traces;
    require!(traces == UNWOUND,
        expected: "the destructors of all 4 frames to run, then the rest: {UNWOUND:?}",
        seen: "{traces:?}",
        likely: "the process ends down there, by a function that does not unwind",
        read: "hint 3; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}

#[test]
fn an_unwinding_exit_is_silent() {
    let stderr = send_out("unwinding exit").stderr;
    require!(stderr.is_empty(),
        expected: "an exit with a code to print nothing: it is no error",
        seen: "on standard error: {stderr}",
        likely: "`panic!` or `panic_any` calls the panic hook, which prints; one function does not",
        read: "hint 3; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}

#[test]
fn a_panic_that_is_no_exit_goes_on() {
    let Seen { aftermath: Aftermath { traces, ending }, stderr } = send_out("panic below run");
    require!(ending == Ending::Exited(101) && stderr.contains("a panic that is no exit"),
        expected: "a panic below `run` to end the program as panics do: its message, Exited(101)",
        seen: "{ending:?}, and on standard error: {stderr}",
        likely: "`run` makes an exit code of every payload; check its type, and pass on the others",
        read: "hint 4; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
    let messages = stderr.matches("panicked at").count();
    require!(messages == 1,
        expected: "one message for one panic",
        seen: "{messages} messages:\n{stderr}",
        likely: "`run` panics anew with what it has caught: that calls the panic hook, which prints, a second\ntime; one function does not",
        read: "hint 4; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
    require!(traces == UNWOUND,
        expected: "the panic to unwind main's frame too: {UNWOUND:?}",
        seen: "{traces:?}",
        likely: "`run` ends the process where it should pass the panic on",
        read: "hint 4; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}

#[rstest]
#[case::a_u8("panic with a u8 below run")]
#[case::an_i32("panic with an i32 below run")]
#[case::an_exit_code("panic with an ExitCode below run")]
fn a_panic_with_a_number_is_no_exit(#[case] way: &str) {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } = send_out(way);
    require!(ending == Ending::Exited(101) && stderr.contains("panicked at"),
        expected: "a {way} to end the program as panics do: its message, Exited(101)",
        seen: "{ending:?}, and on standard error: {stderr}",
        likely: "the payload of an `unwinding_exit` has a type with which other code may panic too",
        read: "hint 4; https://doc.rust-lang.org/std/panic/fn.panic_any.html",
    );
}

#[test]
fn an_exit_leaves_nothing_for_the_next_panic() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } =
        send_out("panic after an unwinding exit");
    require!(ending == Ending::Exited(101),
        expected: "a panic below a second `run` to end the program with Exited(101)",
        seen: "{ending:?}, the code of the exit that the first `run` has caught being {CODE};\non standard error: {stderr}",
        likely: "the code is kept in a static, and is still there; the payload can carry it",
        read: "hint 3; hint 4",
    );
    require!(stderr.contains("a panic that is no exit"),
        expected: "the message of that panic on standard error",
        seen: "{stderr:?}",
        likely: "`unwinding_exit` sets a panic hook that prints nothing, and it stays",
        read: "hint 3; https://doc.rust-lang.org/std/panic/fn.set_hook.html",
    );
}

#[test]
fn a_hook_of_somebody_else_stays_and_hears_of_panics_only() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } =
        send_out("panic under a hook of somebody else");
    let calls = stderr.matches("the hook of somebody else").count();
    let has_run = !stderr.contains("another code");
    require!(has_run && ending == Ending::Exited(101) && calls == 1,
        expected: "one call of the hook that the program had set, by the panic, and none by the exit before it",
        seen: "{calls} calls, {ending:?}; on standard error: {stderr}",
        likely: "a hook is set for the exit, and std's is put in its place afterwards, not the one that was there; or the exit calls the hook",
        read: "https://doc.rust-lang.org/std/panic/fn.take_hook.html",
    );
}

#[rstest]
#[case::the_code_0("exit with 0", "0 is taken for no code at all: then the exit is no exit")]
#[case::of_two_threads(
    "exits of two threads",
    "the code is kept in a static, and there is one for all threads: while one unwinds, another may leave"
)]
fn every_run_has_the_code_of_its_own_exit(#[case] way: &str, #[case] likely: &str) {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } = send_out(way);
    require!(ending == Ending::Exited(CODE) && stderr.is_empty(),
        expected: "each `run` to return the code of the exit below it ({way})",
        seen: "it did not: {ending:?}; on standard error: {stderr:?}",
        likely: "{likely}",
        read: "hint 3; hint 4",
    );
}

#[test]
fn an_exit_that_was_caught_on_the_way_is_over() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } =
        send_out("panic after an exit that was caught on the way");
    require!(ending == Ending::Exited(101) && stderr.contains("a panic that is no exit"),
        expected: "a panic below `run` to end the program as panics do (its message, Exited(101)), although an exit had been caught on the way to `run` before it",
        seen: "{ending:?}; on standard error: {stderr:?}",
        likely: "a note beside the payload says that an exit is under way; whoever catches the payload leaves the note standing. The payload itself can say it",
        read: "hint 3; README, the task",
    );
}

#[test]
fn an_exit_does_not_call_a_hook_that_was_set_below_run() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } =
        send_out("exit under a hook that was set below run");
    require!(ending == Ending::Exited(CODE) && stderr.is_empty(),
        expected: "an exit with code {CODE} that prints nothing, although somebody has set a hook below `run`",
        seen: "{ending:?}; on standard error: {stderr:?}",
        likely: "`panic!` or `panic_any` calls the hook, and the hook that `run` sets against that is somebody's own by now; one function unwinds without a hook",
        read: "hint 3; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}

#[test]
fn an_abort_does_not_ask_what_sigabrt_is_set_to() {
    let Seen { aftermath: Aftermath { traces, ending }, stderr } =
        send_out("abort although SIGABRT is ignored and blocked");
    require!(ending == Ending::Killed(libc::SIGABRT) && traces.is_empty(),
        expected: "the process to be killed by SIGABRT, although that is ignored and blocked, and to leave no traces",
        seen: "{ending:?}, {traces:?}; on standard error: {stderr:?}",
        likely: "`raise(SIGABRT)` is not abort(3), which takes back what keeps the signal from its work",
        read: "abort(3)",
    );
}

#[test]
fn an_exit_may_have_every_code() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } = send_out("exits with every code");
    require!(ending == Ending::Exited(CODE) && stderr.is_empty(),
        expected: "`run` to return each of the 256 codes with which something below it exits",
        seen: "{ending:?}; on standard error: {stderr:?}",
        likely: "a code has a meaning of its own: that there was no exit, or that there was a panic",
        read: "hint 3; hint 4",
    );
}

#[test]
fn a_panic_comes_out_of_run_as_it_was() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } =
        send_out("panics with every payload");
    require!(ending == Ending::Exited(CODE) && stderr.is_empty(),
        expected: "what is caught outside of `run` to be what something below it has panicked with: its type and its value",
        seen: "{ending:?}; on standard error:\n{stderr}",
        likely: "the payload is packed once more on its way (`Box::new(payload)`: a box of a box is another type), or something else is thrown in its place",
        read: "hint 4; https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}

/// One run, two and three: 3 ends of the outermost, and for each that is in it 3 ends at 2 places.
const NESTS: usize = ONE_RUN + 3 * 6 + 3 * 6 * 6;

/// Those of one run come first: it returns, exits or panics.
const ONE_RUN: usize = 3;

#[test]
fn each_run_of_a_nest_has_its_own_end() {
    let Seen { aftermath: Aftermath { ending, .. }, stderr } = send_out("nests of runs");
    let tried = stderr.lines().filter(|line| line.starts_with("nest: ")).count();
    let last = stderr.rfind("nest: ").map_or("", |start| stderr[start..].trim_end());
    let likely = match ending {
        Ending::Exited(1) if tried <= ONE_RUN => "see the tests before this one",
        Ending::Exited(1) if last.contains("another payload") => {
            "`run` does not catch while the thread unwinds already; or what was noted of the runs on this thread (a stack, a count) is out of date after a panic that went through one of them"
        }
        Ending::Exited(1) if last.contains("panic of") => {
            "a panic below `run` is taken for an exit, or an exit for a panic, when there is another one around it: the payload says what it is"
        }
        Ending::Exited(1) => {
            "the code lies in one place for all runs of a thread, where the exit of another run has put its own; the payload can carry it"
        }
        Ending::Exited(_) => {
            "an exit ends the process where a destructor calls it that unwinding runs: a destructor may unwind, too, if nothing unwinds out of it"
        }
        Ending::Killed(_) => {
            "an exit, or a panic, unwinds out of a destructor that unwinding runs: the run in that destructor did not catch it, or there is none"
        }
    };
    require!(ending == Ending::Exited(CODE) && tried == NESTS,
        expected: "each of the runs in {NESTS} nests (a run in the body of another one, or in a destructor there) to return its own code, or to pass on its own panic",
        seen: "{ending:?}, at the nest number {tried}:\n{last}",
        likely: "{likely}",
        read: "src/nested.rs; the stub; https://doc.rust-lang.org/std/thread/fn.panicking.html",
    );
}
