//! What the kernel saw of the experiment: which ends each stage had, who was reaped, what was closed.
//! Needs ptrace(2).

use std::collections::BTreeMap;

use nix::libc;
use testkit::require;
use tracer::{End, Event, Process, Program, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_pipe"));
    program
        .run_to_its_end(
            "every pipeline of the experiment to come to its end",
            "an end that nobody uses is still open: whoever waits there waits for its holder",
            "pipe(7), I/O on pipes and FIFOs; hints 2 and 3",
        )
        .of_success()
}

/// The stages of the experiment: four pipelines of two, the last of which cannot be started.
#[track_caller]
fn stages(timeline: &Timeline) -> Vec<&Process> {
    let stages: Vec<_> = timeline.children_of("P1").collect();
    let count = stages.len();
    require!(count == 8,
        expected: "eight stages, started in their order, and no other child of P1",
        seen: "{count}",
        likely: "a call makes no child, or more than one; or the last stage is started first, or a \
            process of its own feeds the input, where a thread or poll(2) will do",
        read: "README, the task",
    );
    stages
}

#[test]
fn every_stage_ends_in_its_own_way_and_is_reaped() {
    let timeline = timeline();
    let stages = stages(&timeline);
    let ends: Vec<End> = stages[..6].iter().map(|stage| stage.end).collect();
    let right =
        [0, 3].map(End::Exited).into_iter().chain([End::Signalled(libc::SIGPIPE), End::Exited(0)]);
    let right: Vec<End> = right.chain([0, 0].map(End::Exited)).collect();
    let seen = ends.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    require!(ends == right,
        expected: "exit 0, exit 3; killed by SIGPIPE, exit 0; exit 0, exit 0",
        seen: "{seen}",
        likely: "a stage starts with SIGPIPE ignored, or is killed although it would have ended by itself",
        read: "pipe(7); signal(7); hint 3",
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every stage to be waited for",
        seen: "nobody has waited for {names}",
        likely: "the stage that could not be started, or those before it, are left as zombies",
        read: "wait(2), NOTES: zombies; hint 4",
        timeline: &timeline,
    );
}

#[test]
fn a_stage_has_its_two_ends_and_no_third() {
    let timeline = timeline();
    let stages = stages(&timeline);
    let mut ends = Vec::new();
    // The last one has never become a program.
    for stage in &stages[..7] {
        let open = stage.descriptors_at_exec().unwrap_or_default();
        let listing = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let what = |number: usize| open.get(number).map_or("nothing", |open| open.what.as_str());
        let is_right = open.iter().map(|open| open.number).eq(0..3)
            && what(0).ends_with(".r")
            && what(1).ends_with(".w");
        let name = &stage.name;
        require!(is_right,
            expected: "{name} to have a read end as 0, a write end as 1, and 2, and no other",
            seen: "{listing}",
            likely: "a pipe that is not close-on-exec, or ends that are mixed up",
            read: "pipe(2), O_CLOEXEC; dup2(2); hints 1 and 2",
        );
        ends.push((
            what(0).trim_end_matches(".r").to_owned(),
            what(1).trim_end_matches(".w").to_owned(),
        ));
    }
    for (i, pair) in ends.chunks_exact(2).enumerate() {
        let (written, read) = (&pair[0].1, &pair[1].0);
        require!(written == read,
            expected: "the second stage of pipeline {i} to read what the first one writes",
            seen: "the first writes {written}, the second reads {read}",
            likely: "a stage is given the ends of another pipe",
            read: "pipe(2); hint 2",
        );
    }
}

#[test]
fn a_stage_says_nothing_before_it_is_a_program() {
    let timeline = timeline();
    for stage in stages(&timeline) {
        for event in stage.before_exec() {
            let Event::Write { what } = event else { continue };
            let name = &stage.name;
            require!(!["stdin", "stdout", "stderr"].contains(&what.as_str()),
                expected: "{name} to write nothing to stdin, stdout or stderr before it becomes the program",
                seen: "{name}: {event}",
                likely: "the child prints or panics, or exit(3) flushes what the parent had not yet written",
                read: "_exit(2); hint 4",
            );
        }
    }
}

#[test]
fn no_end_of_a_pipe_stays_open() {
    let timeline = timeline();
    stages(&timeline);
    let mut open: BTreeMap<i32, String> = BTreeMap::new();
    // P1 first, then its threads: a number that a thread closed is known by what it led to.
    let own = timeline.lists().filter(|(name, _)| *name == "P1" || name.starts_with("P1/"));
    for event in own.flat_map(|(_, events)| events) {
        match event {
            Event::Pipe { pipe, read, write, .. } => {
                open.insert(*read, format!("{pipe}.r"));
                open.insert(*write, format!("{pipe}.w"));
            }
            Event::Dup { to, what, .. } if what.starts_with("pipe") => {
                open.insert(*to, what.clone());
            }
            Event::Close { number, what } if open.get(number) == Some(what) => {
                open.remove(number);
            }
            _ => {}
        }
    }
    let listing = open.iter().map(|(number, what)| format!("{number}={what}"));
    let listing = listing.collect::<Vec<_>>().join(" ");
    require!(listing.is_empty(),
        expected: "P1 to have closed both ends of every pipe by its end",
        seen: "still open: {listing}",
        likely: "an end is kept by `into_raw_fd`, `forget` or a path that does not drop it",
        read: "close(2); hint 2",
    );
}
