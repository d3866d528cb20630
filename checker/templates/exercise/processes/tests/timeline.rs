//! What the kernel saw of the experiment. Needs ptrace(2).

use testkit::require;
use tracer::{End, Program, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_new_exercise"));
    let timeline = program.run().unwrap_or_else(|error| panic!("{error}"));
    if let Some(stuck) = &timeline.stuck {
        require!(
            expected: "the experiment to come to its end",
            seen: "{stuck}",
            likely: "TODO: the one mistake that usually has this effect",
            read: "README, the task",
        );
    }
    let (end, stderr) = (timeline.root().end, &timeline.stderr);
    require!(end == End::Exited(0),
        expected: "the experiment to end well",
        seen: "P1: {end}\n{stderr}",
        likely: "a panic or a `todo!`: its text stands above",
        read: "README, the task",
    );
    timeline
}

#[test]
fn every_child_is_waited_for() {
    let timeline = timeline();
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}\n{timeline}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "wait(2), NOTES: zombies",
    );
}
