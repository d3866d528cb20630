//! What the kernel saw of the experiment: who was made, who ended how, what stayed open. Needs
//! ptrace(2).

use std::collections::BTreeMap;

use testkit::require;
use tracer::{Birth, End, Event, Program, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_two_returns"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "end-of-file comes when every copy of the write end is closed, and fork made a copy",
            "pipe(7), I/O on pipes and FIFOs; hint 5",
        )
        .of_success()
}

#[test]
fn one_fork_makes_one_child() {
    let timeline = timeline();
    let children = timeline.children_of("P1").count();
    let forks = timeline.processes.iter().filter(|process| process.birth == Birth::Fork).count();
    require!((children, forks) == (9, 9),
        expected: "nine calls to make nine children of P1, by fork, and these no others",
        seen: "{children} children of P1, {forks} forks",
        likely: "the child comes out of the call and goes on with its parent's code, or fork is \
            called more than once",
        read: "fork(2); hints 1 and 2",
    );
}

#[test]
fn every_child_ends_by_itself_and_is_reaped() {
    let timeline = timeline();
    let ends: Vec<End> = timeline.children_of("P1").map(|child| child.end).collect();
    let right = [0, 0, 0, 0, 0, 0, 0, 7, 255].map(End::Exited);
    let seen = ends.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    require!(ends == right,
        expected: "nine children that exit with what their bodies return: 0 seven times, 7, 255",
        seen: "{seen}",
        likely: "a child was ended by somebody else, or leaves with another code",
        read: "_exit(2)",
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}",
        likely: "wait_for returns before it has reaped, or in_order forgets one of its two orders",
        read: "wait(2), NOTES: zombies",
        timeline: &timeline,
    );
}

#[test]
fn no_end_of_a_pipe_stays_open() {
    let timeline = timeline();
    let children = timeline.children_of("P1").count();
    require!(children == 9,
        expected: "nine calls to make nine children of P1",
        seen: "{children}",
        likely: "the experiment has not run to its end",
        read: "README, the task",
    );
    let mut open: BTreeMap<i32, String> = BTreeMap::new();
    for event in &timeline.root().events {
        match event {
            Event::Pipe { pipe, read, write, .. } => {
                open.insert(*read, format!("{pipe}.r"));
                open.insert(*write, format!("{pipe}.w"));
            }
            Event::Dup { to, what, .. } if what.starts_with("pipe") => {
                open.insert(*to, what.clone());
            }
            Event::Close { number, .. } => {
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
        likely: "an end is kept by `into_raw_fd`, `forget` or `leak`: each call of in_order costs \
            descriptors, and there are not many (getrlimit(2), RLIMIT_NOFILE)",
        read: "close(2); pipe(7)",
    );
}
