//! What the kernel saw of the experiment: who was suspended while whom did what. Needs ptrace(2).

use testkit::require;
use tracer::{Birth, End, Event, Process, Program, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_vfork_exit"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "a guest waits for its host, which is suspended until the guest has left",
            "vfork(2), Linux description",
        )
        .of_success()
}

/// The guest of the host that the experiment starts with this argument.
#[track_caller]
fn guest_of<'a>(timeline: &'a Timeline, way: &str) -> &'a Process {
    let is_host = |process: &&Process| {
        let is_it = |event: &Event| matches!(event, Event::Exec { args, .. } if args == &[way]);
        process.events.iter().any(is_it)
    };
    let host = timeline.children_of("P1").find(is_host);
    let guest = host.and_then(|host| timeline.children_of(&host.name).next());
    require!(guest.is_some(),
        expected: "the host of a guest that leaves by {way} to have a child: its guest",
        seen: "none",
        likely: "`visit` has no guest",
        read: "README, the task",
    );
    guest.expect("it is there")
}

#[test]
fn every_guest_is_waited_for() {
    let timeline = timeline();
    guest_of(&timeline, "_exit(2)");
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every guest to be waited for",
        seen: "nobody has waited for {names}",
        likely: "the host goes on when the guest has left, but that does not reap it: the guest is a zombie",
        read: "wait(2), NOTES: zombies; vfork(2)",
        timeline: &timeline,
    );
}

#[test]
fn a_host_is_suspended_while_its_guest_is_there() {
    let timeline = timeline();
    guest_of(&timeline, "exit(3)");
    // `canary(Call::Fork)`, which is given, is the one fork of the experiment.
    let forks: Vec<_> = timeline.processes.iter().filter(|p| p.birth == Birth::Fork).collect();
    let names = forks.iter().map(|process| process.name.as_str()).collect::<Vec<_>>().join(", ");
    require!(forks.len() == 1,
        expected: "guests to be made by vfork, and one child by fork: that of the canary",
        seen: "made by fork: {names}",
        likely: "`ask`, `visit` or `spawn` forks: then the child has memory of its own, and \
                 nothing suspends the host",
        read: "vfork(2); README, the task",
        timeline: &timeline,
    );
    for suspension in timeline.suspended() {
        let until = suspension.until.map_or("nothing".to_owned(), ToString::to_string);
        let left =
            matches!(suspension.until, Some(Event::Exec { .. } | Event::End(End::Exited(_))));
        let (host, guest) = (suspension.suspended, suspension.child);
        require!(left,
            expected: "{host} to be suspended until {guest} has become a program or has left by _exit",
            seen: "until: {until}",
            likely: "the guest was ended by a signal: a panic in a guest aborts",
            read: "vfork(2), Linux description",
        );
    }
}

#[test]
fn underscore_exit_runs_nothing_and_exit_runs_what_was_the_hosts() {
    let timeline = timeline();
    let writes = |way| {
        let guest = guest_of(&timeline, way);
        guest.events.iter().filter(|event| matches!(event, Event::Write { .. })).count()
    };
    let (by_underscore_exit, by_exit) = (writes("_exit(2)"), writes("exit(3)"));
    require!(by_underscore_exit == 0,
        expected: "a guest that leaves by _exit(2) to write nothing: no handler, no flush",
        seen: "it wrote",
        likely: "the guest calls exit(3) or std::process::exit, or prints",
        read: "_exit(2); vfork(2), Caveats",
        timeline: &timeline,
    );
    require!(by_exit > 0,
        expected: "a guest that leaves by exit(3) to run the handler, which writes",
        seen: "it wrote nothing",
        likely: "the guest leaves by _exit(2) in both cases",
        read: "exit(3); README, the task",
        timeline: &timeline,
    );
}

#[test]
fn a_guest_that_becomes_a_program_does_nothing_before() {
    let timeline = timeline();
    let of_spawn = |child: &str| {
        let child = timeline.process(child).expect("it is in the list of its host");
        let tried = |event: &Event| match event {
            Event::Exec { args, .. } => args == &["7"],
            Event::ExecFailed { .. } => true,
            _ => false,
        };
        child.events.iter().any(tried)
    };
    let spawned: Vec<_> = timeline
        .suspended()
        .into_iter()
        .filter(|s| s.suspended == "P1" && of_spawn(s.child))
        .collect();
    let count = spawned.len();
    require!(count == 2,
        expected: "two guests of P1 to call execve, one in vain",
        seen: "{count}",
        likely: "`spawn` makes no guest, or looks first whether the program is there (it may be gone \
            by the time of the execve)",
        read: "execve(2), ERRORS; README, the task",
        timeline: &timeline,
    );
    for guest in spawned {
        for event in guest.meanwhile {
            let name = &guest.child;
            require!(matches!(event, Event::ExecFailed { .. }),
                expected: "{name} to call execve, and if that fails to leave word and go",
                seen: "{name}: {event}",
                likely: "the guest prints or tidies up: what it does there is done to its host, whose \
                    locks and buffers it works with",
                read: "vfork(2), Caveats",
            );
        }
    }
}
