//! What the kernel saw of each way out: what the process did last, and how it ended. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::{Descriptor, End, Event, Program, Timeline};

/// A process that lays out its evidence and leaves this way.
#[track_caller]
fn timeline(way: &str) -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_exit_or_return")).arg(way);
    let timeline = program.run_to_its_end(
        &format!("the process to end by {way}, and with it its second thread, which sleeps"),
        "the system call exit ends one thread; exit_group ends all of them",
        "exit_group(2)",
    );
    let end = timeline.root().end;
    require!(end != End::Exited(0),
        expected: "{way} to end the process with code 3, or by a signal",
        seen: "{end}: it has ended as if all were well",
        likely: "the code is not passed on, or the process ends before it has laid out its evidence",
        read: "README, the task",
    );
    timeline
}

#[rstest]
#[case::return_from_main("return from main", End::Exited(3))]
#[case::process_exit("std::process::exit", End::Exited(3))]
#[case::exit("exit(3)", End::Exited(3))]
#[case::underscore_exit("_exit(2)", End::Exited(3))]
#[case::exit_group("exit_group(2)", End::Exited(3))]
#[case::abort("abort(3)", End::Signalled(libc::SIGABRT))]
#[case::unwinding_exit("unwinding exit", End::Exited(3))]
fn each_way_ends_in_its_own_way(#[case] way: &str, #[case] right: End) {
    let timeline = timeline(way);
    let (seen, stderr) = (timeline.root().end, &timeline.stderr);
    require!(seen == right,
        expected: "{way} to end the process: {right}",
        seen: "{seen}\n{stderr}",
        likely: "another way out is taken, or with another code",
        read: "exit(3); abort(3); README, the task",
    );
    let events = &timeline.root().events;
    let signals = events.iter().filter(|event| matches!(event, Event::Kill { .. })).count();
    let right = usize::from(way == "abort(3)");
    require!(signals == right,
        expected: "{right} signals to be sent by {way}",
        seen: "{signals}",
        likely: "an exit is not a signal: only abort(3) raises one, SIGABRT",
        read: "abort(3); exit_group(2)",
        timeline: &timeline,
    );
}

#[rstest]
#[case::underscore_exit("_exit(2)")]
#[case::exit_group("exit_group(2)")]
#[case::abort("abort(3)")]
fn who_leaves_at_once_writes_nothing_more(#[case] way: &str) {
    let timeline = timeline(way);
    let events = &timeline.root().events;
    let write = events.iter().find(|event| matches!(event, Event::Write { .. }));
    let seen = write.map_or(String::new(), ToString::to_string);
    require!(seen.is_empty(),
        expected: "no write between {way} and the end: no destructor, no flush, no handler",
        seen: "{seen}",
        likely: "a way out is taken that does more: exit(3) and all that call it",
        read: "_exit(2); exit_group(2)",
    );
}

#[rstest]
#[case::return_from_main("return from main")]
#[case::process_exit("std::process::exit")]
#[case::exit("exit(3)")]
#[case::unwinding_exit("unwinding exit")]
fn an_orderly_way_out_writes_its_output_and_no_complaint(#[case] way: &str) {
    let timeline = timeline(way);
    let wrote = |number: i32| {
        let open = timeline.root().descriptors_at_exec().unwrap_or_default();
        let what =
            open.iter().find(|open| open.number == number).map(|Descriptor { what, .. }| what);
        let is_it = |event: &Event| matches!(event, Event::Write { what: to } if Some(to) == what);
        timeline.root().events.iter().any(is_it)
    };
    require!(wrote(1),
        expected: "{way} to write what handlers and buffers have for standard output",
        seen: "nothing",
        likely: "a way out is taken that skips them: _exit(2), exit_group(2), abort(3)",
        read: "exit(3)",
        timeline: &timeline,
    );
    let stderr = &timeline.stderr;
    require!(!wrote(2),
        expected: "{way} to write nothing to standard error",
        seen: "{stderr}",
        likely: "`panic!` runs the hook, which prints; `resume_unwind` does not",
        read: "https://doc.rust-lang.org/std/panic/fn.resume_unwind.html",
    );
}
